import { existsSync } from 'node:fs'

/** Debian's Chromium, or the one that CHROMIUM names; undefined where there is none. None is ever downloaded. */
export const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/** What a browser is started with, here and in the tests. It may run as root: all that it opens is our own server. */
export const launchOptions = { executablePath, args: ['--no-sandbox'] }
