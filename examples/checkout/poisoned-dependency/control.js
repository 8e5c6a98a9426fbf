// The positive control: the same probes, outside any box, aimed at the routes of a JSON file (name, kind, target).
// A child that is left behind or a line that is printed here harms nobody: the example owns every target.
import { readFile } from 'node:fs/promises'

import { probe } from './probes.js'

const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: node poisoned-dependency/control.js ROUTES.json')
  process.exit(2)
}
const routes = JSON.parse(await readFile(file, 'utf8'))
await Promise.all(
  routes.map(async (route) => {
    const { got, result } = await probe(route)
    console.log(JSON.stringify({ poison: route.poison, when: 'control', got, result }))
  }),
)
