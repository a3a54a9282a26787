import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import { preferences } from './preferences.svelte.ts'
import { route } from './route.svelte.ts'
import { proofs } from './shell/proofs.svelte.ts'

const target = document.getElementById('app')
if (target === null) throw new Error('the page has no place for the viewer')
preferences.begin()
route.begin()
proofs.begin()
mount(App, { target })
