import { createClient, LatchkeyError } from '@latchkey/client'

const client = createClient({ baseUrl: document.querySelector('meta[name=auth]').content })
const form = document.querySelector('form')
const output = document.querySelector('output')
const leave = document.querySelector('#leave')

async function show() {
  try {
    const { email } = await client.me()
    output.textContent = `Signed in as ${email}`
    leave.hidden = false
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error
    // 401 is an answer: nobody is signed in. Everything else is told.
    output.textContent = error.status === 401 ? 'Signed out' : error.code
    leave.hidden = true
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { email, otp } = Object.fromEntries(new FormData(form))
  try {
    if (form.otp.hidden) await client.identifier.requestOtp({ email })
    else await client.identifier.verifyOtp({ email, otp })
    form.otp.hidden = false
    output.textContent = 'Enter the code'
    if (otp) await show()
  } catch (error) {
    output.textContent = error.code
  }
})
leave.addEventListener('click', () => client.logout())
client.onChange(show)
show()
