import { type Decimal, pad } from './decimal';

/** ISO 4217: the active codes with two decimals, and the other codes by their number of decimals. */
const two =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG';
const others: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const decimalsByCode = new Map<string, number>();
for (const code of two.split(' ')) decimalsByCode.set(code, 2);
for (const [decimals, codes] of Object.entries(others)) {
  for (const code of codes.split(' ')) decimalsByCode.set(code, Number(decimals));
}

/** The codes whose amounts have so many decimals; those with two are the rest. */
export const currenciesOf = (decimals: 0 | 3 | 4): string[] => others[decimals].split(' ');

export const isCurrency = (code: string): boolean => decimalsByCode.has(code);

/** Decimals of a rounded extended amount in this currency (ISO 4217 minor units). */
export function currencyDecimals(code: string): number {
  const decimals = decimalsByCode.get(code);
  if (decimals === undefined) throw new Error(`not a currency of ISO 4217: ${code}`);
  return decimals;
}

/** An amount or price as shown: with at least the currency's decimals. */
export const money = (value: Decimal, currency: string): Decimal => pad(value, currencyDecimals(currency));
