"""How job alerts refuse."""

from app.core.problems import Conflict, NotFound


class AlertNotFound(NotFound):
    code, detail = "job_alert_not_found", "There is no such job alert."


class TooManyAlerts(Conflict):
    code, detail = "too_many_job_alerts", "You have as many job alerts as one person may have. Delete one first."


class AlertExists(Conflict):
    code, detail = "job_alert_exists", "You have another job alert for this search."


class UnknownSubscription(NotFound):
    code, detail = "unknown_subscription", "This link belongs to no subscription."
