"""The features, in the order of the README's story: their routes under `/api/v1/`, their commands, their hooks."""

from apiflask import APIFlask

from app.accounts import admin_routes, audit_cli, avatars, sessions
from app.accounts import cli as accounts_cli
from app.accounts import routes as accounts_routes
from app.alerts import cli as alerts_cli
from app.alerts import routes as alert_routes
from app.alerts import unsubscribe_routes
from app.applications import interview_routes
from app.applications import routes as application_routes
from app.applications.cv_exports import routes as cv_export_routes
from app.choices import routes as choices_routes
from app.companies import routes as company_routes
from app.core import cli as core_cli
from app.core import partition_cli, task_routes
from app.demo import cli as demo_cli
from app.events import routes as event_routes
from app.jobs import cached_answers, counters, saved_routes
from app.jobs import cli as jobs_cli
from app.jobs import routes as job_routes
from app.mail import cli as mail_cli
from app.messaging import block_routes
from app.messaging import retention as messaging_retention
from app.messaging import routes as messaging_routes
from app.notifications import retention as notification_retention
from app.notifications import routes as notification_routes
from app.ops import routes as ops_routes
from app.payments import admin_routes as payment_admin_routes
from app.payments import cli as payments_cli
from app.payments import routes as payment_routes
from app.payments import stripe_routes, vnpay_routes
from app.payments.local_gateway import routes as local_gateway_routes
from app.payments.receipts import cli as receipts_cli
from app.payments.receipts import routes as receipt_routes
from app.resumes import cli as resumes_cli
from app.resumes import look_routes as resume_look_routes
from app.resumes import pdf_routes as resume_pdf_routes
from app.resumes import routes as resume_routes
from app.search import cli as search_cli
from app.search import routes as search_routes
from config import Settings

API = "/api/v1"

BLUEPRINTS = (
    accounts_routes.blp,
    admin_routes.blp,
    avatars.blp,
    company_routes.blp,
    # Before the jobs themselves: `/jobs/search/` is no job's slug.
    search_routes.blp,
    saved_routes.blp,
    job_routes.blp,
    choices_routes.blp,
    application_routes.blp,
    interview_routes.blp,
    cv_export_routes.blp,
    resume_routes.blp,
    resume_pdf_routes.blp,
    resume_look_routes.blp,
    messaging_routes.blp,
    block_routes.blp,
    notification_routes.blp,
    event_routes.blp,
    alert_routes.blp,
    unsubscribe_routes.blp,
    payment_routes.blp,
    receipt_routes.blp,
    payment_admin_routes.blp,
    vnpay_routes.blp,
    stripe_routes.blp,
    task_routes.blp,
)

COMMANDS = (
    accounts_cli.users,
    audit_cli.audit,
    jobs_cli.postings,
    resumes_cli.resumes,
    search_cli.search,
    alerts_cli.alerts,
    mail_cli.mail,
    payments_cli.packages,
    payments_cli.payments,
    payments_cli.ledger,
    receipts_cli.receipts,
    core_cli.outbox,
    core_cli.tasks,
    partition_cli.partitions,
    demo_cli.demo,
)


def register_features(app: APIFlask) -> None:
    """Attach every feature to the application."""
    app.extensions["user_loader"] = sessions.load_user
    counters.register(app)
    cached_answers.register(app)
    messaging_retention.register()
    notification_retention.register()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=API)
    app.register_blueprint(ops_routes.blp)
    settings: Settings = app.extensions["settings"]
    for blueprint in local_gateway_routes.VNPAY if settings.uses_local_gateway else ():
        app.register_blueprint(blueprint)
    for blueprint in local_gateway_routes.STRIPE if settings.uses_local_stripe else ():
        app.register_blueprint(blueprint)
    for group in COMMANDS:
        app.cli.add_command(group)
