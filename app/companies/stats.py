"""A recruiter's figures over all own companies."""

from sqlalchemy import func, select

from app.accounts.models import User
from app.applications.models import Application, ApplicationStatus
from app.companies.models import Company
from app.companies.schemas import ApplicationTotals, CompanyStats, Overview
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job, JobCounters


def of_recruiter(owner: User) -> CompanyStats:
    """Postings, readers, credits and applications of `owner`. Two queries; applications to deleted jobs count on, as they stay listed."""
    total, active, views = db.session.execute(
        select(func.count(Job.id), func.count(Job.id).filter(company_jobs.is_taking_applications()), func.coalesce(func.sum(JobCounters.views), 0))
        .select_from(Job)
        .join(Company, Job.company_id == Company.id)
        .outerjoin(JobCounters, JobCounters.job_id == Job.id)
        .where(Company.owner_id == owner.id, Company.deleted_at.is_(None), Job.deleted_at.is_(None))
    ).one()
    received, unread = db.session.execute(
        select(func.count(Application.id), func.count(Application.id).filter(Application.status == ApplicationStatus.PENDING))
        .join(Company, Application.company_id == Company.id)
        .where(Company.owner_id == owner.id)
    ).one()
    overview = Overview(
        total_jobs=total,
        active_jobs=active,
        total_views=views,
        credits_left=owner.job_posting_credits,
        membership_expires_at=owner.membership_expires_at,
    )
    return CompanyStats(overview=overview, applications=ApplicationTotals(total=received, new=unread))
