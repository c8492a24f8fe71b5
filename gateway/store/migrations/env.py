"""What Alembic runs: the connection comes from `gateway.store.migrate`, inside its lock and transaction."""

from alembic import context

from gateway.store.history import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
with context.begin_transaction():
    context.run_migrations()
