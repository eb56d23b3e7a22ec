"""The page in an exported pack: how it is converted, what a SIEM must hold for it, what it cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.match.conditions import Op, tests
from crossborder.match.describe import cited
from crossborder.match.fields import KINDS
from crossborder.model import CLASSIFY_COLUMNS, COLUMN_OF, FIELDS, REPORT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crossborder.match.export import LeftOut
    from crossborder.match.ruleset import NamedSet, Rule

_MEANINGS = {column.name: column.meaning for column in (*REPORT_COLUMNS, *CLASSIFY_COLUMNS)}

PAGE = """\
# Crossborder's rules for a SIEM

Made by `crossborder rules export sigma`: change the rules, then export again. `sha256sum -c SHA256SUMS` tells whether
a file was changed since.

`rules` holds those that look at one flow; `event_count`, `value_count` and `value_sum` hold correlations, each with the
rules it counts. Not every converter knows all of them:

```sh
sigma convert -t lucene --without-pipeline rules            # Elasticsearch; field names as in the table
sigma convert -t esql --without-pipeline value_count        # no value_sum yet
sigma convert -t loki -p flows.yaml .                       # all; names as the columns of the agent's flows file
```

Sets such as allowed countries are written out as they were: {sets}.
The keys `legal`, `evidence` and `misses` are ours; converters keep them as custom attributes.

## What the SIEM must hold

One record for each flow that crossed the border, after its end, with totals over its life: `crossborder run --flows
flows.jsonl` or `crossborder replay FILE --flows flows.jsonl`. The agent's event log does not do: it holds only flows
that broke a rule already.
`source` is always the end at home. Names under `data.` and `local.` are ours, no other sensor has them.

| field | column | holds | meaning |
|---|---|---|---|
{fields}

## What differs from the agent

- **Permits are not known** to a SIEM: what is permitted is found too.
- **What is not known.** In the agent a test of an unknown field is false, and its `not` is true. In languages of three
  truths (ES|QL, SQL) both are unknown and the record is passed over: fill empty fields before, `ZZ` for countries.
- **Lists.** It is enough that one value of a list meets the test. Lucene does so; functions of ES|QL give null for a
  field of several values, and Loki's `json` passes lists over: try rules about such fields before you rely on them.
- **Regular expressions** are in Rust's syntax and found anywhere in a text. Lucene and ES|QL match whole values and
  know no `^` and `$`: {patterns}.
- **Time.** A converter counts by the record's time, often in fixed hours or days; the agent's span ends with each flow.
- `tls.client.server_name` in the flows file is the name from wherever it came; the agent takes it from TLS and QUIC.

## Not here

{missing}

## Here

| rule | level | law | evidence |
|---|---|---|---|
{rules}
"""


def manual(
    rules: Sequence[Rule], left_out: Sequence[LeftOut], fields: Iterable[str], sets: Mapping[str, NamedSet]
) -> str:
    """Return the page of a pack."""
    meanings = {field.ecs: field.meaning or _MEANINGS.get(field.column, "") for field in FIELDS}
    return PAGE.format(
        sets=", ".join(f"{name} ({named.date})" for name, named in sorted(sets.items())) or "none",
        fields="\n".join(
            f"| `{name}` | `{COLUMN_OF[name]}` | {KINDS[name]} | {meanings[name]} |" for name in sorted(fields)
        ),
        patterns=", ".join(sorted(f"`{r.name}`" for r in rules if any(t.op is Op.RE for t in tests(r.tree)))) or "none",
        missing="\n".join(f"- `{name}`: {why}" for name, why in left_out) or "Nothing: every rule in force is here.",
        rules="\n".join(
            f"| `{r.name}` | {r.level} | {cited(r.legal)} | {r.evidence or '-'} |"
            for r in sorted(rules, key=lambda r: r.name)
        ),
    )
