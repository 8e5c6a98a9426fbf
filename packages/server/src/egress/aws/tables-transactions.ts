/** What a request came to, as dynalite puts it. */
export interface TablesAnswer {
  readonly status: number
  readonly body: string
}

type Item = Readonly<Record<string, unknown>>

/** One entry of a transaction, whatever it does. Its members were read and judged by the door. */
interface Entry {
  readonly TableName: string
  readonly Key?: Item
  readonly Item?: Item
  readonly ReturnValuesOnConditionCheckFailure?: string
}

interface Transaction {
  readonly ClientRequestToken?: string
  readonly TransactItems: readonly Readonly<Record<string, Entry>>[]
}

/** What is asked of one item of one table. */
interface Write {
  readonly kind: string
  readonly entry: Entry
  readonly key: Item
}

const maxTokens = 1_000
const operations: Readonly<Record<string, string>> = { Put: 'PutItem', Delete: 'DeleteItem', Update: 'UpdateItem' }

/**
 * Answers requests to tables that know no transactions as if they did. A transaction has the tables for itself. Its
 * writes are made one after the other, each under its condition, and taken back where one of them may not be: whoever
 * asks meanwhile waits. This holds as long as the thread does: a stand-in for development keeps no log of what it was
 * about to do. `keysOf` names the key columns of a table.
 */
export function withTransactions(
  ask: (operation: string, body: string) => Promise<TablesAnswer>,
  keysOf: (table: string) => readonly string[],
): (operation: string, body: string) => Promise<TablesAnswer> {
  const turns = createTurns()
  /** Transactions by the token with which their client may send them again. */
  const done = new Map<string, string>()
  const tell = (operation: string, input: object): Promise<TablesAnswer> => ask(operation, JSON.stringify(input))

  async function itemAt({ entry: { TableName }, key: Key }: Write): Promise<Item | undefined> {
    const { body } = await tell('GetItem', { TableName, Key, ConsistentRead: true })
    return (JSON.parse(body) as { readonly Item?: Item }).Item
  }

  async function read({ TransactItems }: Transaction): Promise<TablesAnswer> {
    const responses: unknown[] = []
    for (const { Get } of TransactItems) {
      const answer = await tell('GetItem', Get ?? {})
      if (answer.status !== 200) return answer
      responses.push(JSON.parse(answer.body))
    }
    return { status: 200, body: JSON.stringify({ Responses: responses }) }
  }

  function writesOf({ TransactItems }: Transaction): readonly Write[] {
    return TransactItems.flatMap((item) => Object.entries(item)).map(([kind, entry]) => {
      const whole = entry.Key ?? entry.Item ?? {}
      return { kind, entry, key: Object.fromEntries(keysOf(entry.TableName).map((name) => [name, whole[name]])) }
    })
  }

  /** A condition alone is judged by a write that changes nothing. */
  function attempt({ kind, entry, key }: Write, before: Item | undefined): Promise<TablesAnswer> {
    const { ReturnValuesOnConditionCheckFailure: _, ...asked } = entry
    const operation = operations[kind]
    if (operation !== undefined) return tell(operation, asked)
    const { Key: _key, ...guard } = asked
    return before === undefined
      ? tell('DeleteItem', { ...guard, Key: key })
      : tell('PutItem', { ...guard, Item: before })
  }

  async function write(transaction: Transaction, body: string): Promise<TablesAnswer> {
    const { ClientRequestToken: token } = transaction
    if (token !== undefined && done.get(token) === body) return { status: 200, body: '{}' }
    const writes = writesOf(transaction)
    const items = writes.map(({ entry, key }) => JSON.stringify([entry.TableName, key]))
    if (new Set(items).size < items.length)
      return invalid('Transaction request cannot include multiple operations on one item')
    const made: (() => Promise<TablesAnswer>)[] = []
    const takeBack = async (): Promise<void> => {
      for (const undo of made) await undo()
    }
    const reasons: ({ readonly Code: string; readonly Message?: string } | undefined)[] = []
    for (const one of writes) {
      const before = await itemAt(one)
      const answer = await attempt(one, before)
      if (answer.status === 200) {
        const { TableName } = one.entry
        const [operation, what] =
          before === undefined ? (['DeleteItem', { Key: one.key }] as const) : (['PutItem', { Item: before }] as const)
        made.push(() => tell(operation, { TableName, ...what }))
        reasons.push(undefined)
        continue
      }
      if (!answer.body.includes('ConditionalCheckFailedException')) {
        await takeBack()
        return answer
      }
      reasons.push({ Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' })
    }
    if (reasons.some((reason) => reason !== undefined)) {
      await takeBack()
      return cancelled(reasons.map((reason) => reason ?? { Code: 'None' }))
    }
    if (token !== undefined) done.set(token, body)
    const [oldest] = done.keys()
    if (done.size > maxTokens && oldest !== undefined) done.delete(oldest)
    return { status: 200, body: '{}' }
  }

  return (operation, body) => {
    if (!operation.startsWith('Transact')) return turns.beside(() => ask(operation, body))
    const transaction = JSON.parse(body) as Transaction // as the door wrote it anew
    return turns.alone(() => (operation === 'TransactGetItems' ? read(transaction) : write(transaction, body)))
  }
}

function cancelled(reasons: readonly { readonly Code: string }[]): TablesAnswer {
  const codes = reasons.map(({ Code }) => Code).join(', ')
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`
  const type = 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException'
  return {
    status: 400,
    body: JSON.stringify({ __type: type, Message: message, message, CancellationReasons: reasons }),
  }
}

function invalid(message: string): TablesAnswer {
  return { status: 400, body: JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', message }) }
}

/** Work that goes on side by side, and work that goes on alone. Who waits for that goes before those who come later. */
function createTurns(): {
  beside<T>(work: () => Promise<T>): Promise<T>
  alone<T>(work: () => Promise<T>): Promise<T>
} {
  let before: Promise<unknown> = Promise.resolve()
  const others = new Set<Promise<unknown>>()
  return {
    beside: (work) => {
      const result = before.then(work)
      const over: Promise<unknown> = result.catch(() => undefined).then(() => others.delete(over))
      others.add(over)
      return result
    },
    alone: (work) => {
      const result = Promise.all([before, ...others]).then(work)
      before = result.catch(() => undefined)
      return result
    },
  }
}
