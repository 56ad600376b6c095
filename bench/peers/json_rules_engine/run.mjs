// json-rules-engine on the plain work: a rule for each promotion; percents are taken here.
//   node run.mjs cases.json seconds    → {"microseconds": […], "totals": […]}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { Engine } = createRequire(join(process.cwd(), 'package.json'))('json-rules-engine');
const [cases, seconds] = [JSON.parse(readFileSync(process.argv[2])), Number(process.argv[3])];
const engine = new Engine([], { allowUndefinedFacts: true });
for (const promotion of cases.rulebook.promotions) {
  const [need] = promotion.when;
  const [category] = need.scope.category_in;
  const [kind, value] = 'n' in need ? ['quantity', need.n] : ['subtotal', need.amount];
  engine.addRule({
    conditions: { all: [{ fact: `${kind}:${category}`, operator: 'greaterThanInclusive', value }] },
    event: { type: 'promotion', params: { category, percent: promotion.effects[0].percent } },
  });
}

async function total(basket) {
  const facts = {};
  let due = 0;
  for (const line of basket.lines) {
    const value = line.unit_price * line.quantity;
    facts[`quantity:${line.category}`] = (facts[`quantity:${line.category}`] ?? 0) + line.quantity;
    facts[`subtotal:${line.category}`] = (facts[`subtotal:${line.category}`] ?? 0) + value;
    due += value;
  }
  const { events } = await engine.run(facts);
  for (const { params } of events) due -= Math.floor((facts[`subtotal:${params.category}`] * params.percent) / 100);
  return due;
}

const totals = [];
for (const basket of cases.baskets) totals.push(await total(basket));
const spent = [];
const end = performance.now() + seconds * 1000;
while (performance.now() < end || spent.length < cases.baskets.length) {
  for (const basket of cases.baskets) {
    const begun = performance.now();
    await total(basket);
    spent.push((performance.now() - begun) * 1000);
  }
}
console.log(JSON.stringify({ microseconds: spent, totals }));
