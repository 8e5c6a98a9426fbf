import { lstatSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

import type { FunctionImage, Runtime } from '../image.ts'
import { inBox } from '../box/in-box.ts'
import { loopService } from './workerd-config.ts'

/** What the box of one runtime starts, and how it behaves. */
export interface RuntimePlan {
  readonly command: readonly string[]
  /** Variables that AWS sets for this runtime and not for others. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * True for our own clients: they speak on one connection, opened before any function code is loaded, and check their
   * tickets. Others open connections as they like, so that a process left behind in the box can ask for an event.
   */
  readonly ownClient: boolean
}

const mebibyte = 1024 * 1024

/**
 * What each maps as writable before any function code, most of it never touched. For Node 24 565 MB were measured; a
 * `bootstrap` may be anything, Go and the JVM among them.
 */
export const dataAllowanceBytes: Readonly<Record<Runtime, number>> = {
  node: 640 * mebibyte,
  python: 64 * mebibyte,
  bootstrap: 640 * mebibyte,
  workerd: 640 * mebibyte,
}

/** How to start this function. `debug` opens Node's inspector. */
export function runtimePlan(image: FunctionImage, debug: boolean): RuntimePlan {
  switch (image.runtime) {
    case 'node':
      return {
        command: nodeCommand(inBox.node, nodeScript(image), image.memoryMb, debug),
        environment: {
          AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
          NODE_PATH: '/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules',
        },
        ownClient: image.awsClient !== true,
      }
    case 'python': {
      const script = image.awsClient === true ? ['-m', 'awslambdaric', image.handler] : [inBox.pythonClient]
      const version = pythonVersion() ?? '3'
      return {
        command: [inBox.python, ...script],
        environment: {
          AWS_EXECUTION_ENV: `AWS_Lambda_python${version}`,
          PYTHONPATH: ['/var/task', `/opt/python/lib/python${version}/site-packages`, '/opt/python'].join(':'),
        },
        ownClient: image.awsClient !== true,
      }
    }
    case 'bootstrap':
      return { command: [`${inBox.code}/bootstrap`], environment: {}, ownClient: false }
    case 'workerd':
      // Its loop is the runtime client: it is ours, but workerd lets an idle connection go and makes another.
      return {
        command: [inBox.workerd, 'test', '-I', '/', inBox.workerdConfig, loopService],
        environment: {},
        ownClient: false,
      }
  }
}

/** `3.11`: what Debian's `python3` leads to; undefined where there is none. */
export function pythonVersion(program: string = inBox.python): string | undefined {
  const status = lstatSync(program, { throwIfNoEntry: false })
  if (status?.isSymbolicLink() !== true) return undefined
  return /^python(3\.\d+)$/.exec(basename(readlinkSync(program)))?.[1]
}

/**
 * One thread compiles and collects beside a function's own. Node starts four, each with memory of its own, whatever
 * processors there are; together they weigh no more than their box.
 */
export const fewThreads = '--v8-pool-size=1'

/**
 * Node's command line in a box. The heap stays below the box's memory, so that a leak ends with a stack trace where
 * it can, and buffers still have room.
 */
export function nodeCommand(
  node: string,
  script: readonly string[],
  memoryMb: number,
  debug: boolean,
): readonly string[] {
  const heapMb = Math.max(32, Math.floor(memoryMb * 0.75))
  const options = [`--max-old-space-size=${heapMb}`, '--enable-source-maps', fewThreads]
  return [node, ...options, ...(debug ? [`--inspect=127.0.0.1:${inBox.debugPort}`] : []), ...script]
}

function nodeScript({ awsClient, handler }: FunctionImage): readonly string[] {
  return awsClient === true ? [`${inBox.code}/${awsNodeClient}`, handler] : [inBox.client]
}

/** Where AWS's own runtime interface clients stand when a project brings them. */
export const awsNodeClient = 'node_modules/aws-lambda-ric/bin/index.mjs'
/** The module that `python3 -m awslambdaric` starts. */
export const awsPythonClient = 'awslambdaric/__main__.py'
