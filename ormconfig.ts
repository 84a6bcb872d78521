import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readConfig } from './src/config';
import { dataSourceOptions, migrate } from './src/store/connection/database';
import { locate } from './src/store/connection/open-database';

/**
 * The data source of TypeORM's command line (`npm run migration:generate -- src/store/migrations/<name>`), as the owner of
 * the database. Nothing in src may import this file: importing it starts the embedded database.
 */
async function open(): Promise<DataSource> {
  const config = readConfig(process.env);
  const server = await locate(config);
  // Brought up to date first, so that a migration is generated for what is new and nothing else.
  await migrate({ url: server.url });
  const dataSource = new DataSource(dataSourceOptions({ url: server.url }, 'owner'));
  const destroy = dataSource.destroy.bind(dataSource);
  dataSource.destroy = async () => {
    await destroy();
    await server.stop();
  };
  return dataSource;
}

export default open();
