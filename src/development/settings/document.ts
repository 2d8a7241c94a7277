// docs/settings.md: the table of settings, for reading.
import { dirname, relative } from 'node:path/posix'
import type { Setting } from '../../config/table/setting.js'
import { groups } from '../../config/table/table.js'
import { defaultOf, developmentOf, formOf } from './words.js'

const head = `# Settings

All of them are variables of the environment, or lines of a file \`.env\` beside the project; the real environment wins. They are checked at start: what is missing, malformed or
unsafe stops it with one line each that names the setting and never prints its value. A name that is a letter or two from a setting's is told of too.

- **Files.** Each may come from a file: \`OTP_PEPPER_FILE=/run/secrets/otp_pepper\` in place of \`OTP_PEPPER\`. Secrets are marked 🔑; those come from files or a secret store, never from an image.
- **Forms.** Durations are seconds, or \`15m\`, \`12h\`, \`7d\`. Lists are comma-separated, each item once. Switches are \`on\` and \`off\`, also \`true\` and \`false\`. An empty value counts as unset.
- **Modes.** \`NODE_ENV\` unset means production. \`npm run dev\` sets development, and makes what is required there.

This page is written by \`npm run settings\` from the table in [src/config/table](../src/config/table/table.ts), which also checks the values and makes [.env.example](../.env.example) and the [schema of the chart's values](../deploy/chart/README.md#settings).
`

/** The whole page. */
export function settingsDocument(): string {
  return `${head}\n${groups.map(({ title, rows }) => sectionOf(title, rows)).join('\n')}`
}

function sectionOf(title: string, rows: Readonly<Record<string, Setting>>): string {
  const lines = Object.entries(rows).map(([name, setting]) => {
    const cells = [`\`${name}\`${setting.secret === undefined ? '' : ' 🔑'}`, presetOf(setting), textOf(setting)]
    return `| ${cells.map(inCell).join(' | ')} |`
  })
  return `## ${title}\n\n| Name | Default | What it does |\n|---|---|---|\n${lines.join('\n')}\n`
}

function presetOf(setting: Setting): string {
  if (setting.defaultOf !== undefined) return inCode(setting.defaultOf)
  const usual = defaultOf(setting, 'production')
  const development = developmentOf(setting)
  const [word = '', ...rest] = development.split(' ')
  const other = development === '' ? [] : [`\`${word}\` ${rest.join(' ')}`]
  return [...(usual === undefined ? ['none'] : [`\`${usual}\``]), ...other].join('; ')
}

function textOf(setting: Setting): string {
  const required = setting.required === undefined ? '' : `**Required ${setting.required}.**`
  const form = setting.type === 'flag' || formOf(setting) === '' ? '' : `Takes ${formOf(setting)}.`
  const example = setting.example === undefined ? '' : `Such as \`${setting.example}\`.`
  const reader = setting.readBy === undefined ? '' : `Read by ${setting.readBy} alone.`
  return [required, setting.about, form, example, reader, linkOf(setting)].filter((part) => part !== '').join(' ')
}

function linkOf({ see }: Setting): string {
  return see === undefined ? '' : `[More](${relative(dirname('docs/settings.md'), see)}).`
}

/** A name of a setting as code; other words as they are. */
function inCode(text: string): string {
  return /^[A-Z_]+$/.test(text) ? `\`${text}\`` : text
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
