import 'reflect-metadata';
import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { readConfig } from './src/config';
import { dataSourceOptions } from './src/store/database';
import { startEmbedded } from './src/store/embedded';

/**
 * The data source of TypeORM's command line (`npm run migration:generate -- src/store/migrations/<name>`), as the owner of
 * the database. Nothing in src may import this file: importing it starts the embedded database.
 */
async function open(): Promise<DataSource> {
  const config = readConfig(process.env);
  const embedded = config.databaseUrl
    ? undefined
    : await startEmbedded({
        dir: resolve(config.dataDir, 'postgres'),
        database: 'gateway',
        binaries: config.embeddedPostgresBin,
      });
  const dataSource = new DataSource(dataSourceOptions({ url: config.databaseUrl ?? embedded!.url }, 'owner'));
  const destroy = dataSource.destroy.bind(dataSource);
  dataSource.destroy = async () => {
    await destroy();
    await embedded?.stop();
  };
  return dataSource;
}

export default open();
