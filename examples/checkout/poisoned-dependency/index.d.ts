/** `1450, 'chf'` → `14.50 CHF`. POISONED, ON PURPOSE: see README.md. */
export declare function formatPrice(amountMinor: number, currency: string): string
