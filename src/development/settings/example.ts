// .env.example: every setting with what it does, commented out, the defaults as values.
import type { Setting } from '../../config/table/setting.js'
import { groups } from '../../config/table/table.js'
import { defaultOf, developmentOf, formOf } from './words.js'

const width = 130

const head = [
  '# The settings of Latchkey. Copy to `.env` and uncomment what you change; the values shown are the defaults.',
  '# `npm run dev` needs none of them. The real environment wins over this file. docs/settings.md has them as a table.',
  '# Secrets can come from files instead: NAME_FILE=/run/secrets/name. Durations: 300, 15m, 12h, 7d.',
  '# Lists are comma-separated, each item once.',
]

/** The whole file. */
export function exampleFile(): string {
  const parts = groups.map(({ title, rows }) => {
    const rule = `# --- ${title} `
    return [rule.padEnd(width - 8, '-'), ...Object.entries(rows).flatMap(linesOf)].join('\n')
  })
  return `${head.join('\n')}\n\n${parts.join('\n\n')}\n`
}

function linesOf([name, setting]: [string, Setting]): string[] {
  const value = defaultOf(setting, 'production') ?? ''
  return [...wrap(sentencesOf(setting)), `# ${name}=${setting.defaultOf === undefined ? value : ''}`]
}

function sentencesOf(setting: Setting): string {
  const required = setting.required === undefined ? '' : `Required ${setting.required}.`
  const otherwise = setting.defaultOf === undefined ? '' : `Unless set: ${setting.defaultOf}.`
  const form = saysItsForm(setting) ? '' : `${capital(formOf(setting))}.`
  const development = developmentOf(setting)
  const preset = development === '' ? '' : `${capital(development)}.`
  const example = setting.example === undefined ? '' : `Such as ${setting.example}`
  const see = setting.see === undefined ? '' : `See ${setting.see}.`
  return [required, setting.about, form, otherwise, preset, see, example].filter((part) => part !== '').join(' ')
}

/** Where the line below, or what the setting is about, says as much. */
function saysItsForm({ type }: Setting): boolean {
  return type === 'flag' || type === 'list' || type === 'text' || type === 'share'
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width && line !== '#') {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
