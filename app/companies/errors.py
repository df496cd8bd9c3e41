"""What can go wrong with a company."""

from app.core.problems import Conflict, NotFound


class CompanyNotFound(NotFound):
    code, detail = "company_not_found", "There is no such company."


class CompanyNameTaken(Conflict):
    code, detail = "company_name_taken", "Another company has this name already."
