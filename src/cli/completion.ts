// Scripts with which shells complete the words and options of `latchkey`: made of the declarations, so that completing starts nothing.
// `eval "$(latchkey completion bash)"`, and the same for zsh; `latchkey completion fish | source`.
import type { Declaration } from '../config/command-line.js'
import { defineCommand, type WorkContext } from './command.js'
import * as all from './declarations.js'
import * as apiKeys from './declarations-api-keys.js'
import * as events from './declarations-events.js'
import * as people from './declarations-users.js'
import { groups, namesBelow } from './tree.js'

export const completionCommand = defineCommand(all.completion, printScript)

async function printScript({ words, print }: WorkContext): Promise<number> {
  print(scripts[words[0] as (typeof all.shells)[number]]())
  return 0
}

const declarations = Object.values({ ...all, ...people, ...apiKeys, ...events }).filter(
  (value): value is Declaration & typeof value => 'program' in value,
)

/** What may follow a path of words. */
type Choices = Readonly<{ path: string; words: readonly string[]; options: readonly string[] }>

function allChoices(): Choices[] {
  const ofGroups = Object.keys(groups).map((path) => ({
    path,
    words: namesBelow(path, declarations),
    options: ['--help'],
  }))
  const ofCommands = declarations.map((declaration: Declaration) => ({
    path: declaration.program,
    words: declaration.words?.choices ?? [],
    options: optionsOf(declaration),
  }))
  return [...ofGroups, ...ofCommands]
}

const optionsOf = ({ options = {} }: Declaration) => [...Object.keys(options).map((name) => `--${name}`), '--help']

/** Where a value is the name of a file. */
const fileOptions = '--output'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** The longest path that the typed words begin with decides what may follow. */
function bashScript(): string {
  const cases = allChoices().map(({ path, words, options }) => {
    return `    '${path}') words='${words.join(' ')}' options='${options.join(' ')}' ;;`
  })
  return `# Completion of latchkey for bash: eval "$(latchkey completion bash)"
_latchkey() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=latchkey words options index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path \${COMP_WORDS[index]}" in
      ${[...Object.keys(groups).slice(1), ...declarations.map(({ program }) => program)].map((path) => `'${path}'`).join(' | ')}) path="$path \${COMP_WORDS[index]}" ;;
    esac
  done
  if [ "\${COMP_WORDS[COMP_CWORD-1]}" = '${fileOptions}' ]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  case "$path" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -F _latchkey latchkey`
}

/** zsh reads completions of bash. */
function zshScript(): string {
  return `# Completion of latchkey for zsh: eval "$(latchkey completion zsh)"
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashScript().replace(/^#.*\n/, '')}`
}

function fishScript(): string {
  const lines = allChoices().flatMap(({ path, words, options }) => {
    const [, ...typed] = path.split(' ')
    const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`)
    const below = words.map((word) => `not __fish_seen_subcommand_from ${word}`)
    const here = [...seen, ...below].join('; and ')
    return [
      ...(words.length === 0 ? [] : [`complete -c latchkey -f -n '${here}' -a '${words.join(' ')}'`]),
      ...options.map(
        (option) => `complete -c latchkey -n '${here}' -l ${option.slice(2)}${option === fileOptions ? ' -r' : ''}`,
      ),
    ]
  })
  return [
    '# Completion of latchkey for fish: latchkey completion fish | source',
    'complete -c latchkey -f',
    ...lines,
  ].join('\n')
}
