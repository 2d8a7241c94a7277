# The service and its commands in one image: `docker build -t latchkey .`; how to run it: deploy/README.md.
# The version is that of scripts/node-versions.json, which the tests and deploy/test-image.sh run on.
FROM node:24.21.0-bookworm-slim AS base

FROM base AS sources
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM sources AS build
# Install scripts only fetch and prepare what tests and development need.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json prisma.config.ts ./
COPY scripts scripts
COPY packages packages
COPY prisma prisma
COPY src src
COPY openapi.json ./
# A checkout may be closed to others than its owner; the service is one of the others.
RUN npm run build && find dist -name '*.d.ts' -delete && chmod -R a+rX package.json openapi.json dist prisma

FROM sources AS dependencies
# Without optional ones: they are an embedded PostgreSQL, and the Prisma CLI, which brings React and TypeScript along.
# Then goes what no running service loads: the query compilers of other databases, other builds of the docs page, source maps, type
# declarations.
RUN npm ci --ignore-scripts --omit=dev --omit=optional \
  && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete \
  && rm node_modules/swagger-ui-dist/swagger-ui.js node_modules/swagger-ui-dist/swagger-ui-es-bundle* \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM base
LABEL org.opencontainers.image.title="Latchkey" \
  org.opencontainers.image.description="Passwordless sign-in service: one-time codes by SMS and email, accounts and sessions over a REST API" \
  org.opencontainers.image.licenses="MIT"
# Nothing is installed from here on, so an intruder finds no package manager either.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
  /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production
WORKDIR /app
# All of it belongs to root and is closed to the service's writing. What changes least comes first.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/prisma prisma
COPY --from=build /app/dist dist
COPY --from=build /app/package.json /app/openapi.json ./
RUN ln -s /app/dist/cli/main.js /usr/local/bin/latchkey
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Requests live shorter than it takes to fill 64 MiB: half of the time that goes into collecting garbage.
CMD ["node", "--max-semi-space-size=64", "dist/server.js"]
