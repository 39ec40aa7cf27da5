// What the company's spas do, teach and pay for.

/** A service with its SAC (India's code for services), or a product with its HSN code, and the usual rate in rupees. */
export const SERVICES: readonly (readonly [name: string, hsnCode: string, rupees: number])[] = [
  ['Swedish Massage (60 min)', '999723', 1999],
  ['Deep Tissue Massage (60 min)', '999723', 2499],
  ['Deep Tissue Massage (90 min)', '999723', 3299],
  ['Balinese Massage (60 min)', '999723', 2299],
  ['Thai Dry Massage (60 min)', '999723', 1899],
  ['Aroma Therapy (75 min)', '999723', 2799],
  ['Hot Stone Therapy (90 min)', '999723', 3999],
  ['Abhyanga (60 min)', '999723', 1799],
  ['Shirodhara (45 min)', '999723', 2199],
  ['Foot Reflexology (45 min)', '999723', 1199],
  ['Head, Neck & Shoulder Massage (30 min)', '999723', 799],
  ['Couple Spa Package (90 min)', '999723', 6499],
  ['Steam Bath', '999723', 499],
  ['Jacuzzi Session (30 min)', '999723', 1499],
  ['Body Scrub & Polish', '999722', 2399],
  ['Coffee Body Wrap', '999722', 2899],
  ['Gold Facial', '999722', 1699],
  ['Fruit Facial', '999722', 999],
  ['Hydrating Facial', '999722', 2199],
  ['Manicure', '999722', 599],
  ['Pedicure', '999722', 749],
  ['Hair Spa', '999721', 1299],
  ['Essential Oil (50 ml)', '3301', 649.5],
  ['Herbal Body Lotion (200 ml)', '3304', 424.75],
];

export const COURSES = [
  'Certificate Course in Spa Therapy',
  'Diploma in Spa & Wellness Management',
  'Swedish and Deep Tissue Massage',
  'Traditional Thai Massage',
  'Ayurvedic Panchakarma Therapy',
  'Aromatherapy and Essential Oils',
  'Balinese Massage Therapy',
  'Foot Reflexology',
  'Advanced Facial and Skin Care',
  'Hot Stone Therapy',
] as const;

/** Positions, each with the range of its monthly salary in rupees. */
export const POSITIONS: readonly (readonly [name: string, minRupees: number, maxRupees: number])[] = [
  ['Spa Therapist', 14_000, 28_000],
  ['Senior Spa Therapist', 20_000, 38_000],
  ['Beauty Therapist', 13_000, 26_000],
  ['Ayurvedic Therapist', 15_000, 30_000],
  ['Hair Stylist', 16_000, 35_000],
  ['Receptionist', 12_000, 22_000],
  ['Guest Relations Executive', 15_000, 28_000],
  ['Housekeeping Attendant', 9_000, 15_000],
  ['Assistant Manager', 24_000, 42_000],
  ['Spa Trainer', 28_000, 55_000],
];

export const EXPERIENCES = ['Fresher', '6 months', '1 year', '2 years', '3 years', '5 years', '8 years'] as const;
export const EDUCATIONS = ['10th pass', '12th pass', 'Graduate', 'Diploma in Spa Therapy', 'CIDESCO or ITEC preferred', 'Any'] as const;
export const SKILLS = [
  'Swedish',
  'Deep tissue',
  'Thai',
  'Balinese',
  'Aroma',
  'Facials',
  'Waxing',
  'Guest handling',
  'English',
  'Hindi',
  'Billing software',
  'Team handling',
] as const;

export const PAYMENT_MODES = [
  ['UPI', 0.46],
  ['CASH', 0.26],
  ['CARD', 0.22],
  ['BANK_TRANSFER', 0.06],
] as const;
