"""Visit planning: who is due, how far it is, which customers on which day and in which order.

Pure calculations on plain values: no files, no database, no Qt. The services build a `Problem`,
call `solve` and store the `Plan`. Modules, from the ground up: `travel`, `value`, `problem`,
`schedule`, `plan`; the solver in `model`, `routes`, `search` and `solver`; around it `replan`,
`explain`, `calls`, `weekdays`, `attention` and `instance`.
"""
