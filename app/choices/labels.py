"""The label of each value, English and Vietnamese."""

from collections.abc import Mapping
from enum import StrEnum

from app.applications.models import ApplicationStatus, InterviewStatus
from app.core.auth import Role
from app.jobs.models import Currency, ExperienceLevel, JobStatus, JobType
from app.notifications.models import NotificationType
from app.payments.models import PackageType, TransactionStatus
from app.resumes.models import PdfStatus

# By the name of the field that holds such a value; in the order in which a form shows them.
LABELS: Mapping[str, Mapping[StrEnum, tuple[str, str]]] = {
    "user_type": {
        Role.CANDIDATE: ("Candidate", "Ứng viên"),
        Role.RECRUITER: ("Recruiter", "Nhà tuyển dụng"),
        Role.ADMIN: ("Administrator", "Quản trị viên"),
    },
    "job_type": {
        JobType.FULL_TIME: ("Full-time", "Toàn thời gian"),
        JobType.PART_TIME: ("Part-time", "Bán thời gian"),
        JobType.CONTRACT: ("Contract", "Hợp đồng"),
        JobType.FREELANCE: ("Freelance", "Tự do"),
        JobType.INTERNSHIP: ("Internship", "Thực tập"),
    },
    "experience_level": {
        ExperienceLevel.INTERN: ("Intern", "Thực tập sinh"),
        ExperienceLevel.JUNIOR: ("Junior", "Mới có kinh nghiệm"),
        ExperienceLevel.MIDDLE: ("Middle", "Có kinh nghiệm"),
        ExperienceLevel.SENIOR: ("Senior", "Cao cấp"),
        ExperienceLevel.LEAD: ("Lead", "Trưởng nhóm"),
    },
    "job_status": {
        JobStatus.DRAFT: ("Draft", "Bản nháp"),
        JobStatus.OPEN: ("Open", "Đang tuyển"),
        JobStatus.CLOSED: ("Closed", "Đã đóng"),
    },
    "currency": {
        Currency.VND: ("Vietnamese đồng", "Đồng Việt Nam"),
        Currency.USD: ("US dollar", "Đô la Mỹ"),
    },
    "application_status": {
        ApplicationStatus.PENDING: ("Pending", "Chờ xử lý"),
        ApplicationStatus.REVIEWING: ("Under review", "Đang xem xét"),
        ApplicationStatus.INTERVIEW_SCHEDULED: ("Interview scheduled", "Đã hẹn phỏng vấn"),
        ApplicationStatus.OFFER_EXTENDED: ("Offer extended", "Đã gửi đề nghị"),
        ApplicationStatus.ACCEPTED: ("Accepted", "Đã nhận việc"),
        ApplicationStatus.REJECTED: ("Rejected", "Bị từ chối"),
        ApplicationStatus.WITHDRAWN: ("Withdrawn", "Đã rút hồ sơ"),
    },
    "interview_status": {
        InterviewStatus.SCHEDULED: ("Scheduled", "Đã lên lịch"),
        InterviewStatus.COMPLETED: ("Completed", "Đã diễn ra"),
        InterviewStatus.CANCELLED: ("Cancelled", "Đã hủy"),
    },
    "pdf_status": {
        PdfStatus.NONE: ("No PDF yet", "Chưa có PDF"),
        PdfStatus.PROCESSING: ("In preparation", "Đang tạo"),
        PdfStatus.READY: ("Ready", "Sẵn sàng"),
        PdfStatus.FAILED: ("Failed", "Thất bại"),
    },
    "package_type": {
        PackageType.CREDIT: ("Posting credits", "Gói lượt đăng tin"),
        PackageType.SUBSCRIPTION: ("Subscription", "Gói thành viên"),
    },
    "transaction_status": {
        TransactionStatus.PENDING: ("Pending", "Chờ thanh toán"),
        TransactionStatus.SUCCESS: ("Paid", "Thành công"),
        TransactionStatus.FAILED: ("Failed", "Thất bại"),
        TransactionStatus.EXPIRED: ("Expired", "Hết hạn"),
        TransactionStatus.REFUNDED: ("Refunded", "Đã hoàn tiền"),
    },
    "notification_type": {
        NotificationType.APPLICATION_RECEIVED: ("Application received", "Có hồ sơ ứng tuyển mới"),
        NotificationType.APPLICATION_STATUS_CHANGED: ("Application status changed", "Hồ sơ đổi trạng thái"),
        NotificationType.NEW_MESSAGE: ("New message", "Tin nhắn mới"),
        NotificationType.JOB_MATCH: ("Matching job", "Việc làm phù hợp"),
        NotificationType.INTERVIEW_SCHEDULED: ("Interview scheduled", "Lịch phỏng vấn mới"),
        NotificationType.INTERVIEW_REMINDER: ("Interview reminder", "Nhắc lịch phỏng vấn"),
        NotificationType.PAYMENT_SUCCEEDED: ("Payment succeeded", "Thanh toán thành công"),
        NotificationType.PAYMENT_FAILED: ("Payment failed", "Thanh toán thất bại"),
        NotificationType.RESUME_READY: ("Résumé PDF ready", "PDF hồ sơ đã sẵn sàng"),
    },
}
