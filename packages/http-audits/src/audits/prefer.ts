import type { Audit } from '../audit'
import { elementsOf, equal, hasField, hasNoField, hasStatus, isEmpty, lists, match, ok } from '../expectation'

const OWN = { respond: { status: 201, headers: [['content-type', 'text/plain']], text: 'the handler’s own' } } as const

export const preferAudits: readonly Audit[] = [
  {
    id: 'PRF1',
    level: 'MUST',
    title: 'send the handler’s own response where a route answers 202 only to Prefer: respond-async and the client did not send it',
    source: 'RFC 7240 4.1',
    needs: ['preferred'],
    async run({ post }) {
      for (const headers of [{}, { prefer: 'return=minimal' }] as Record<string, string>[]) {
        const reply = await post(OWN, { route: 'preferred', headers })
        hasStatus(reply, 201)
        equal(reply.text, OWN.respond.text, 'the body')
        hasNoField(reply, 'location')
      }
    },
  },
  {
    id: 'PRF2',
    level: 'MUST',
    title: 'answer 202 to Prefer: respond-async, with Preference-Applied: respond-async',
    source: 'RFC 7240 3, 4.1',
    needs: ['preferred'],
    async run({ submit }) {
      const { accepted } = await submit({}, { route: 'preferred', headers: { prefer: 'respond-async' } })
      lists(accepted, 'preference-applied', 'respond-async')
    },
  },
  {
    id: 'PRF3',
    level: 'MUST',
    title: 'read Prefer as a list, merged from several fields or not, each preference with or without parameters',
    source: 'RFC 7240 2',
    needs: ['preferred'],
    async run({ submit }) {
      for (const prefer of ['handling=lenient, respond-async', 'x;y=1,respond-async;z="a, b"', ' ,respond-async , ,'])
        await submit({}, { route: 'preferred', headers: { prefer } })
    },
  },
  {
    id: 'PRF4',
    level: 'MUST',
    title: 'read the names of preferences case-insensitively',
    source: 'RFC 7240 2',
    async run({ submit }) {
      const { accepted } = await submit({}, { headers: { prefer: 'Respond-Async, RETURN=minimal' } })
      equal(accepted.bytes.length, 0, 'body size')
      lists(accepted, 'preference-applied', 'respond-async', 'return=minimal')
    },
  },
  {
    id: 'PRF5',
    level: 'MUST',
    title: 'use the first of several preferences with the same name',
    source: 'RFC 7240 2',
    async run({ submit }) {
      const minimal = await submit({}, { headers: { prefer: 'return=minimal, return=representation' } })
      equal(minimal.accepted.bytes.length, 0, 'body size after return=minimal, return=representation')
      const whole = await submit({}, { headers: { prefer: 'return=representation, return=minimal' } })
      ok(whole.accepted.bytes.length > 0, 'there is no body after return=representation, return=minimal')
    },
  },
  {
    id: 'PRF6',
    level: 'MUST',
    title: 'ignore what it does not know or cannot read in Prefer, and never treat it as an error',
    source: 'RFC 7240 2',
    async run({ submit }) {
      const fields = ['', ',,', ';;=', 'unknown', 'wait=soon', 'wait=-1', 'wait=1.5', '"', 'return="', 'a=b=c', '\u00e9', 'x'.repeat(4_000)]
      const ignored = async (prefer: string) => {
        // Each with its own owner, so that they do not exceed the limit of one.
        const { accepted, status } = await submit({}, { headers: { prefer }, owner: `audit-${crypto.randomUUID()}` })
        hasNoField(accepted, 'preference-applied')
        hasStatus(await status({ headers: { prefer } }), 200, 202)
      }
      await Promise.all(fields.map(ignored))
    },
  },
  {
    id: 'PRF7',
    level: 'MUST',
    title: 'read a quoted value like a bare one, and not split the list at a comma within quotes',
    source: 'RFC 7240 2, RFC 9110 5.6.4',
    async run({ submit }) {
      const { accepted } = await submit({}, { headers: { prefer: 'x="a\\", return=representation, ", return="minimal"' } })
      equal(accepted.bytes.length, 0, 'body size')
      lists(accepted, 'preference-applied', 'return=minimal')
    },
  },
  {
    id: 'PRF8',
    level: 'MUST',
    title: 'send the 202 after Prefer: return=minimal with Content-Length: 0, and with neither a body nor Content-Type',
    source: 'RFC 7240 4.2',
    async run({ submit }) {
      const { accepted, status } = await submit({}, { headers: { prefer: 'return=minimal' } })
      isEmpty(accepted)
      hasField(accepted, 'content-length', '0')
      lists(accepted, 'preference-applied', 'return=minimal')
      hasStatus(await status(), 200, 202)
    },
  },
  {
    id: 'PRF9',
    level: 'MUST',
    title: 'send the handler’s own response, with Preference-Applied: wait=n, if the handler finishes within Prefer: wait=n',
    source: 'RFC 7240 4.3',
    async run({ post }) {
      const reply = await post(OWN, { headers: { prefer: 'wait=10' } })
      hasStatus(reply, 201)
      equal(reply.text, OWN.respond.text, 'the body')
      lists(reply, 'preference-applied', 'wait=10')
      for (const name of ['location', 'content-location', 'retry-after', 'link', 'sunset', 'cache-control']) hasNoField(reply, name)
    },
  },
  {
    id: 'PRF10',
    level: 'MUST',
    title: 'answer 202 if the handler does not finish within Prefer: wait=n',
    source: 'RFC 7240 4.3',
    async run({ submit, token }) {
      const { accepted } = await submit({ hold: token().token }, { headers: { prefer: 'wait=1' } })
      equal(accepted.document().status, 'running', 'status')
    },
  },
  {
    id: 'PRF11',
    level: 'MUST',
    title: 'treat a bare wait, and one above its own maximum, as the maximum',
    source: 'protocol, Waiting',
    async run({ post }) {
      const most = await post(OWN, { headers: { prefer: 'wait=999999' } })
      match(most.headers.get('preference-applied'), /^wait=(?:[1-9]|1\d|2[0-5])$/, 'Preference-Applied after wait=999999')
      const bare = await post(OWN, { headers: { prefer: 'wait' } })
      hasField(bare, 'preference-applied', most.headers.get('preference-applied') ?? '')
      for (const reply of [most, bare]) hasStatus(reply, 201)
    },
  },
  {
    id: 'PRF12',
    level: 'MUST',
    title: 'name in Preference-Applied nothing that was not asked for',
    source: 'RFC 7240 3',
    async run({ submit }) {
      hasNoField((await submit()).accepted, 'preference-applied')
      const { accepted } = await submit({}, { headers: { prefer: 'respond-async, handling=strict' } })
      equal(elementsOf(accepted, 'preference-applied').join(), 'respond-async', 'Preference-Applied')
    },
  },
]
