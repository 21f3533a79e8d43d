"""Visit planning: who is due, how far it is, which customers on which day and in which order.

Pure calculations on plain values: no files, no database, no Qt. The services build a `Problem`,
call `solve` and store the `Plan`. Modules, from the ground up: `travel`, `value`, `problem`,
`schedule`, `plan`; the solver in `model`, `routes`, `insertion`, `search` and `solver`, whose inner
modules may be `compiled`; around it `replan`, `explain`, `calls`, `weekdays`, `attention` and
`instance`.
"""

from crmdesk.planning.compiled import use_compiled

#: Whether the solver's inner modules run compiled.
COMPILED = use_compiled(__path__)
