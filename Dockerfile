# The gateway as an image: docker build -t order-fulfillment-gateway .
# How it is run, with its database and its secrets: compose.yaml and docs/operations.md.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages too: the compilers' programs for this platform are some.
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ormconfig.ts ./
COPY src ./src
COPY examples/board/page ./examples/board/page
RUN npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages are the embedded PostgreSQL, which production does not start, and compilers.
RUN npm ci --no-audit --no-fund --omit=dev --omit=optional && npm cache clean --force
COPY --from=build /app/dist ./dist
# Everything above belongs to root: the process can write nothing of its own program.
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process: it gets SIGTERM, answers what is under way, and ends.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=64", "--heap-growing-percent=100", "dist/src/main.js"]
