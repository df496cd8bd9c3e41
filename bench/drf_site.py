"""The usual way to serve the same job, to be measured beside ours: Django REST framework `retrieve` behind `cache_page` on Redis.

Run by gunicorn as `drf_site:application` in an environment with django, djangorestframework, psycopg and redis. It reads the board's own tables.
"""

import os
from urllib.parse import urlsplit

import django
from django.conf import settings

database = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="benchmark-only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database.path.lstrip("/"),
            "USER": database.username,
            "PASSWORD": database.password or "",
            "HOST": database.hostname,
            "PORT": database.port or 5432,
        }
    },
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["REDIS_CACHE_URL"], "KEY_PREFIX": "drf"}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402  Django reads its settings when imported.
from django.db import models  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.decorators import method_decorator  # noqa: E402
from django.views.decorators.cache import cache_page  # noqa: E402
from rest_framework import routers, serializers, viewsets  # noqa: E402


class Company(models.Model):
    name = models.TextField()
    location = models.TextField()

    class Meta:
        app_label, managed, db_table = "bench", False, "companies"


class Job(models.Model):
    company = models.ForeignKey(Company, on_delete=models.DO_NOTHING)
    title = models.TextField()
    description = models.TextField()
    requirements = models.TextField()
    responsibilities = models.TextField()
    benefits = models.TextField()
    location = models.TextField()
    job_type = models.TextField()
    experience_level = models.TextField(null=True)
    salary_min = models.BigIntegerField(null=True)
    salary_max = models.BigIntegerField(null=True)
    currency = models.TextField()
    deadline = models.DateField(null=True)
    status = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "bench", False, "jobs"


class CompanySerializer(serializers.ModelSerializer):
    class Meta:
        model = Company
        fields = "__all__"


class JobSerializer(serializers.ModelSerializer):
    company = CompanySerializer()

    class Meta:
        model = Job
        fields = "__all__"


class JobViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Job.objects.select_related("company")
    serializer_class = JobSerializer

    @method_decorator(cache_page(900))
    def retrieve(self, request, *args, **kwargs):  # type: ignore[no-untyped-def]
        return super().retrieve(request, *args, **kwargs)


router = routers.DefaultRouter()
router.register("jobs", JobViewSet)
urlpatterns = [path("api/v1/", include(router.urls))]
application = get_wsgi_application()
