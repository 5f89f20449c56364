"""The command line: `ordergraph COMMAND`. Exit status 0: done, 1: refused or failed, 2: misused."""

import typer

from graph.commands import (
    credit,
    demo,
    doctor,
    exports,
    imports,
    migrate,
    numbering,
    rates,
    schema,
    serve,
    stock,
)

app = typer.Typer(
    name="ordergraph",
    help="A GraphQL backend for customers, orders and inventory.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("migrate")(migrate.migrate)
app.command("demo")(demo.demo)
app.command("import")(imports.import_)
app.command("rates")(rates.rates)
app.command("serve")(serve.serve)
app.command("schema")(schema.schema)
app.command("doctor")(doctor.doctor)
app.add_typer(exports.app)
app.add_typer(stock.app)
app.add_typer(credit.app)
app.add_typer(numbering.app)
