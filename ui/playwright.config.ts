import { defineConfig } from '@playwright/test'

import { executablePath, launchOptions } from './scripts/browser.mjs'

if (executablePath === undefined) console.warn('No browser was found: every browser test is skipped. Install chromium, or set CHROMIUM.')

export default defineConfig({
  testDir: 'tests/e2e',
  fullyParallel: true,
  workers: 2,
  // A busy machine may be late once, and the report names that test as flaky; what fails twice is a fault.
  retries: process.env.CI ? 1 : 0,
  // Far more than any test takes, for machines on which others work as well.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  metadata: { hasBrowser: executablePath !== undefined },
  use: {
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions,
    trace: 'retain-on-failure',
  },
})
