-- Case is ignored where people type names (citext), and part of a word is searched for (pg_trgm). Both are trusted
-- extensions: the owner of a database may create them.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateEnum
CREATE TYPE "role" AS ENUM ('SUPER_ADMIN', 'ADMIN', 'SPA_MANAGER', 'HR', 'USER');

-- CreateEnum
CREATE TYPE "certificate_category" AS ENUM ('SPA_THERAPIST', 'MANAGER_SALARY', 'OFFER_LETTER', 'EXPERIENCE_LETTER', 'APPOINTMENT_LETTER', 'INVOICE_SPA_BILL', 'ID_CARD', 'DAILY_SHEET');

-- CreateEnum
CREATE TYPE "template_kind" AS ENUM ('IMAGE', 'HTML');

-- CreateEnum
CREATE TYPE "payment_mode" AS ENUM ('CASH', 'CARD', 'UPI', 'BANK_TRANSFER');

-- CreateTable
CREATE TABLE "users" (
    "id" SERIAL NOT NULL,
    "username" CITEXT NOT NULL,
    "email" CITEXT NOT NULL,
    "first_name" TEXT NOT NULL,
    "last_name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "role" "role" NOT NULL DEFAULT 'USER',
    "phone_number" TEXT,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "is_verified" BOOLEAN NOT NULL DEFAULT false,
    "last_login_at" TIMESTAMPTZ(3),
    "tokens_valid_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "spas" (
    "id" SERIAL NOT NULL,
    "code" INTEGER,
    "name" TEXT NOT NULL,
    "address" TEXT,
    "area" TEXT,
    "city" TEXT,
    "state" TEXT,
    "country" TEXT NOT NULL DEFAULT 'India',
    "pincode" TEXT,
    "phone_number" TEXT,
    "alternate_number" TEXT,
    "email" CITEXT,
    "website" TEXT,
    "logo" TEXT,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "created_by_id" INTEGER,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "spas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "candidate_forms" (
    "id" SERIAL NOT NULL,
    "spa_id" INTEGER,
    "spa_name_text" TEXT,
    "submitted_by_id" INTEGER,
    "first_name" TEXT NOT NULL,
    "middle_name" TEXT,
    "last_name" TEXT NOT NULL,
    "current_address" TEXT NOT NULL,
    "aadhar_address" TEXT,
    "city" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "zip_code" TEXT NOT NULL,
    "country" TEXT NOT NULL DEFAULT 'India',
    "phone_number" TEXT NOT NULL,
    "alternate_number" TEXT,
    "age" INTEGER NOT NULL,
    "work_experience" TEXT NOT NULL,
    "therapist_experience" TEXT NOT NULL,
    "position_applied_for" TEXT NOT NULL,
    "education_certificate_courses" TEXT,
    "photo" TEXT,
    "age_proof" TEXT,
    "aadhar_front" TEXT,
    "aadhar_back" TEXT,
    "pan_card" TEXT,
    "signature" TEXT,
    "other_documents" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "candidate_forms_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hiring_forms" (
    "id" SERIAL NOT NULL,
    "spa_id" INTEGER NOT NULL,
    "posted_by_id" INTEGER,
    "for_role" TEXT NOT NULL,
    "staff_required" INTEGER NOT NULL,
    "description" TEXT NOT NULL,
    "required_experience" TEXT NOT NULL,
    "required_education" TEXT NOT NULL,
    "required_skills" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hiring_forms_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "certificate_templates" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "category" "certificate_category" NOT NULL,
    "kind" "template_kind" NOT NULL,
    "variant" TEXT,
    "banner_image" TEXT,
    "image" TEXT,
    "html" TEXT,
    "config" JSONB NOT NULL DEFAULT '{}',
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "is_public" BOOLEAN NOT NULL DEFAULT true,
    "created_by_id" INTEGER,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "certificate_templates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "certificates" (
    "id" SERIAL NOT NULL,
    "number" TEXT NOT NULL,
    "category" "certificate_category" NOT NULL,
    "template_id" INTEGER,
    "spa_id" INTEGER,
    "holder_name" TEXT NOT NULL,
    "issued_by_id" INTEGER,
    "is_public" BOOLEAN NOT NULL DEFAULT false,
    "generated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "spa_snapshot" JSONB,
    "course_name" TEXT,
    "position" TEXT,
    "designation" TEXT,
    "start_date" DATE,
    "end_date" DATE,
    "joining_date" DATE,
    "issue_date" DATE,
    "bill_date" DATE,
    "sheet_date" DATE,
    "salary" DECIMAL(12,2),
    "performance_note" TEXT,
    "bill_number" TEXT,
    "payment_mode" "payment_mode",
    "card_last_four" TEXT,
    "customer_address" TEXT,
    "contact_number" TEXT,
    "total" DECIMAL(12,2),
    "photo" TEXT,
    "signature" TEXT,

    CONSTRAINT "certificates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "salary_months" (
    "certificate_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "month" DATE NOT NULL,
    "amount" DECIMAL(12,2) NOT NULL,

    CONSTRAINT "salary_months_pkey" PRIMARY KEY ("certificate_id","position")
);

-- CreateTable
CREATE TABLE "invoice_items" (
    "certificate_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "service" TEXT NOT NULL,
    "hsn_code" TEXT,
    "quantity" DECIMAL(9,3) NOT NULL,
    "rate" DECIMAL(12,2) NOT NULL,
    "amount" DECIMAL(12,2) NOT NULL,

    CONSTRAINT "invoice_items_pkey" PRIMARY KEY ("certificate_id","position")
);

-- CreateTable
CREATE TABLE "daily_sheet_entries" (
    "certificate_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "client_name" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "staff_name" TEXT NOT NULL,
    "amount" DECIMAL(12,2) NOT NULL,
    "payment_mode" "payment_mode" NOT NULL,
    "remark" TEXT,

    CONSTRAINT "daily_sheet_entries_pkey" PRIMARY KEY ("certificate_id","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_username_key" ON "users"("username");

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "users_role_created_at_id_idx" ON "users"("role", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "spas_code_key" ON "spas"("code");

-- CreateIndex
CREATE UNIQUE INDEX "spas_email_key" ON "spas"("email");

-- CreateIndex
CREATE INDEX "spas_name_id_idx" ON "spas"("name", "id");

-- CreateIndex
CREATE INDEX "spas_city_name_id_idx" ON "spas"("city", "name", "id");

-- CreateIndex
CREATE INDEX "spas_created_by_id_idx" ON "spas"("created_by_id");

-- CreateIndex
CREATE INDEX "candidate_forms_spa_id_created_at_id_idx" ON "candidate_forms"("spa_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "candidate_forms_submitted_by_id_created_at_id_idx" ON "candidate_forms"("submitted_by_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "candidate_forms_created_at_id_idx" ON "candidate_forms"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "candidate_forms_phone_number_idx" ON "candidate_forms"("phone_number");

-- CreateIndex
CREATE INDEX "hiring_forms_spa_id_created_at_id_idx" ON "hiring_forms"("spa_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "hiring_forms_posted_by_id_created_at_id_idx" ON "hiring_forms"("posted_by_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "hiring_forms_created_at_id_idx" ON "hiring_forms"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "certificate_templates_created_by_id_idx" ON "certificate_templates"("created_by_id");

-- CreateIndex
CREATE UNIQUE INDEX "certificates_number_key" ON "certificates"("number");

-- CreateIndex
CREATE INDEX "certificates_issued_by_id_generated_at_id_idx" ON "certificates"("issued_by_id", "generated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "certificates_spa_id_generated_at_id_idx" ON "certificates"("spa_id", "generated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "certificates_category_generated_at_id_idx" ON "certificates"("category", "generated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "certificates_template_id_generated_at_id_idx" ON "certificates"("template_id", "generated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "certificates_generated_at_id_idx" ON "certificates"("generated_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "certificates_spa_id_bill_number_key" ON "certificates"("spa_id", "bill_number");

-- AddForeignKey
ALTER TABLE "spas" ADD CONSTRAINT "spas_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "candidate_forms" ADD CONSTRAINT "candidate_forms_spa_id_fkey" FOREIGN KEY ("spa_id") REFERENCES "spas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "candidate_forms" ADD CONSTRAINT "candidate_forms_submitted_by_id_fkey" FOREIGN KEY ("submitted_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hiring_forms" ADD CONSTRAINT "hiring_forms_spa_id_fkey" FOREIGN KEY ("spa_id") REFERENCES "spas"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hiring_forms" ADD CONSTRAINT "hiring_forms_posted_by_id_fkey" FOREIGN KEY ("posted_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificate_templates" ADD CONSTRAINT "certificate_templates_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_template_id_fkey" FOREIGN KEY ("template_id") REFERENCES "certificate_templates"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_spa_id_fkey" FOREIGN KEY ("spa_id") REFERENCES "spas"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_issued_by_id_fkey" FOREIGN KEY ("issued_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "salary_months" ADD CONSTRAINT "salary_months_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice_items" ADD CONSTRAINT "invoice_items_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "daily_sheet_entries" ADD CONSTRAINT "daily_sheet_entries_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's language cannot say stands below.

-- The running part of a certificate's number: a sequence cannot give one value twice, whatever runs at once.
CREATE SEQUENCE "certificate_number_seq" AS bigint;

ALTER TABLE "candidate_forms"
  ADD CONSTRAINT "candidate_forms_one_spa" CHECK (num_nonnulls("spa_id", "spa_name_text") = 1),
  ADD CONSTRAINT "candidate_forms_age" CHECK ("age" BETWEEN 18 AND 70);

ALTER TABLE "hiring_forms"
  ADD CONSTRAINT "hiring_forms_staff_required" CHECK ("staff_required" >= 1);

ALTER TABLE "certificate_templates"
  ADD CONSTRAINT "certificate_templates_html" CHECK ("kind" <> 'HTML' OR "html" IS NOT NULL);

-- What each category needs. A spa is asked of the snapshot, because a certificate outlives its spa.
ALTER TABLE "certificates"
  ADD CONSTRAINT "certificates_spa_therapist" CHECK ("category" <> 'SPA_THERAPIST'
    OR (num_nulls("course_name", "start_date", "end_date") = 0 AND "spa_snapshot" IS NULL AND "spa_id" IS NULL)),
  ADD CONSTRAINT "certificates_manager_salary" CHECK ("category" <> 'MANAGER_SALARY'
    OR num_nulls("position", "joining_date", "salary", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_offer_letter" CHECK ("category" <> 'OFFER_LETTER'
    OR num_nulls("position", "start_date", "salary") = 0),
  ADD CONSTRAINT "certificates_experience_letter" CHECK ("category" <> 'EXPERIENCE_LETTER'
    OR num_nulls("position", "joining_date", "end_date", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_appointment_letter" CHECK ("category" <> 'APPOINTMENT_LETTER'
    OR num_nulls("position", "start_date", "salary", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_invoice" CHECK ("category" <> 'INVOICE_SPA_BILL'
    OR num_nulls("bill_number", "bill_date", "payment_mode", "total", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_id_card" CHECK ("category" <> 'ID_CARD'
    OR num_nulls("designation", "joining_date", "contact_number", "issue_date", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_daily_sheet" CHECK ("category" <> 'DAILY_SHEET'
    OR num_nulls("sheet_date", "total", "spa_snapshot") = 0),
  ADD CONSTRAINT "certificates_spa_has_snapshot" CHECK ("spa_id" IS NULL OR "spa_snapshot" IS NOT NULL),
  ADD CONSTRAINT "certificates_dates_run_forward" CHECK ("end_date" >= coalesce("start_date", "joining_date")),
  ADD CONSTRAINT "certificates_money_is_not_negative" CHECK ("salary" >= 0 AND "total" >= 0),
  ADD CONSTRAINT "certificates_card_last_four" CHECK ("card_last_four" ~ '^[0-9]{4}$');

ALTER TABLE "salary_months"
  ADD CONSTRAINT "salary_months_first_of_month" CHECK (extract(day FROM "month") = 1),
  ADD CONSTRAINT "salary_months_amount" CHECK ("amount" >= 0);
ALTER TABLE "invoice_items"
  ADD CONSTRAINT "invoice_items_amount" CHECK ("quantity" > 0 AND "rate" >= 0 AND "amount" = round("quantity" * "rate", 2));
ALTER TABLE "daily_sheet_entries"
  ADD CONSTRAINT "daily_sheet_entries_amount" CHECK ("amount" >= 0);

-- The pages that visitors read: public certificates by time, by each parent and by category.
CREATE INDEX "certificates_public_time" ON "certificates" ("generated_at" DESC, "id" DESC) WHERE "is_public";
CREATE INDEX "certificates_public_issuer" ON "certificates" ("issued_by_id", "generated_at" DESC, "id" DESC) WHERE "is_public";
CREATE INDEX "certificates_public_spa" ON "certificates" ("spa_id", "generated_at" DESC, "id" DESC) WHERE "is_public";
CREATE INDEX "certificates_public_category" ON "certificates" ("category", "generated_at" DESC, "id" DESC) WHERE "is_public";
CREATE INDEX "certificates_public_template" ON "certificates" ("template_id", "generated_at" DESC, "id" DESC) WHERE "is_public";

-- The gallery's order, templates without a variant last: for visitors, and for staff, who see all.
CREATE INDEX "certificate_templates_gallery" ON "certificate_templates" ("category", ("variant" IS NULL), (coalesce("variant", '')), "name", "id")
  WHERE "is_public" AND "is_active";
CREATE INDEX "certificate_templates_order" ON "certificate_templates" ("category", ("variant" IS NULL), (coalesce("variant", '')), "name", "id");

-- Search by part of a word. The modules' `search` filters repeat these expressions; a test watches that they are served from here.
CREATE INDEX "spas_search" ON "spas" USING gin (("name" || ' ' || coalesce("code"::text, '') || ' ' || coalesce("area", '') || ' ' || coalesce("city", '') || ' ' || coalesce("state", '')) gin_trgm_ops);
CREATE INDEX "certificates_search" ON "certificates" USING gin (("holder_name" || ' ' || "number") gin_trgm_ops);
CREATE INDEX "candidate_forms_search" ON "candidate_forms" USING gin (("first_name" || ' ' || "last_name" || ' ' || "phone_number") gin_trgm_ops);
CREATE INDEX "hiring_forms_search" ON "hiring_forms" USING gin (("for_role" || ' ' || "description") gin_trgm_ops);
CREATE INDEX "users_search" ON "users" USING gin (("first_name" || ' ' || "last_name" || ' ' || "username"::text || ' ' || "email"::text) gin_trgm_ops);
