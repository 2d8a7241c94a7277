// The console at /admin: set up by what the service wrote into the page.
import { readPage } from '../../element/src/hosted.js'
import { Console } from './console.js'
import { baseOf } from './router.js'

const place = document.getElementById('latchkey')
if (place) void new Console(place, readPage(), baseOf(location.pathname)).start()
