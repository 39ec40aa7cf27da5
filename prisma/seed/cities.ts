import type { Region } from './names.ts';
import type { Random } from './random.ts';

export type City = { name: string; state: string; region: Region; areas: readonly (readonly [name: string, pincode: string])[] };

/** `Area 110001, Area 110002`: an area with its pincode. */
function city(name: string, state: string, region: Region, areas: string): City {
  return { name, state, region, areas: areas.split(', ').map((area) => [area.slice(0, -7), area.slice(-6)] as const) };
}

export const CITIES: readonly City[] = [
  city(
    'New Delhi',
    'Delhi',
    'north',
    'Connaught Place 110001, Karol Bagh 110005, Lajpat Nagar 110024, Saket 110017, Dwarka 110075, Rajouri Garden 110027',
  ),
  city('Gurugram', 'Haryana', 'north', 'Sector 14 122001, DLF Phase 3 122002, Sohna Road 122018, Golf Course Road 122011'),
  city('Noida', 'Uttar Pradesh', 'north', 'Sector 18 201301, Sector 62 201309, Sector 104 201304'),
  city('Lucknow', 'Uttar Pradesh', 'north', 'Hazratganj 226001, Gomti Nagar 226010, Aliganj 226024'),
  city('Jaipur', 'Rajasthan', 'north', 'C Scheme 302001, Malviya Nagar 302017, Vaishali Nagar 302021, Raja Park 302004'),
  city('Udaipur', 'Rajasthan', 'north', 'Fatehpura 313001, Hiran Magri 313002'),
  city('Dehradun', 'Uttarakhand', 'north', 'Rajpur Road 248001, Race Course 248001'),
  city('Indore', 'Madhya Pradesh', 'north', 'Vijay Nagar 452010, Palasia 452001'),
  city('Bhopal', 'Madhya Pradesh', 'north', 'Arera Colony 462016, MP Nagar 462011'),
  city('Chandigarh', 'Chandigarh', 'punjab', 'Sector 17 160017, Sector 35 160022, Industrial Area Phase I 160002'),
  city('Ludhiana', 'Punjab', 'punjab', 'Model Town 141002, Sarabha Nagar 141001'),
  city('Amritsar', 'Punjab', 'punjab', 'Ranjit Avenue 143001, Lawrence Road 143001'),
  city(
    'Mumbai',
    'Maharashtra',
    'west',
    'Andheri West 400053, Bandra West 400050, Powai 400076, Juhu 400049, Borivali West 400092, Colaba 400005, Malad West 400064',
  ),
  city('Thane', 'Maharashtra', 'west', 'Ghodbunder Road 400607, Naupada 400602'),
  city('Pune', 'Maharashtra', 'west', 'Koregaon Park 411001, Baner 411045, Viman Nagar 411014, Kothrud 411038, Hinjawadi 411057'),
  city('Nagpur', 'Maharashtra', 'west', 'Dharampeth 440010, Sadar 440001'),
  city('Ahmedabad', 'Gujarat', 'west', 'Navrangpura 380009, Satellite 380015, Bodakdev 380054'),
  city('Surat', 'Gujarat', 'west', 'Vesu 395007, Adajan 395009'),
  city('Vadodara', 'Gujarat', 'west', 'Alkapuri 390007, Gotri 390021'),
  city('Panaji', 'Goa', 'west', 'Miramar 403001, Caranzalem 403002'),
  city('Kolkata', 'West Bengal', 'east', 'Park Street 700016, Salt Lake Sector V 700091, Ballygunge 700019, New Town 700156'),
  city('Bhubaneswar', 'Odisha', 'east', 'Saheed Nagar 751007, Patia 751024'),
  city('Ranchi', 'Jharkhand', 'east', 'Lalpur 834001, Kanke Road 834008'),
  city('Patna', 'Bihar', 'east', 'Boring Road 800001, Kankarbagh 800020'),
  city('Guwahati', 'Assam', 'northeast', 'Christian Basti 781005, Paltan Bazaar 781008, Beltola 781028'),
  city('Shillong', 'Meghalaya', 'northeast', 'Police Bazar 793001, Laitumkhrah 793003'),
  city('Dimapur', 'Nagaland', 'northeast', 'Circular Road 797112, Purana Bazaar 797116'),
  city(
    'Bengaluru',
    'Karnataka',
    'south',
    'Indiranagar 560038, Koramangala 560034, Whitefield 560066, Jayanagar 560041, HSR Layout 560102, MG Road 560001',
  ),
  city('Chennai', 'Tamil Nadu', 'south', 'T Nagar 600017, Adyar 600020, Anna Nagar 600040, Velachery 600042'),
  city('Coimbatore', 'Tamil Nadu', 'south', 'RS Puram 641002, Peelamedu 641004'),
  city('Hyderabad', 'Telangana', 'south', 'Banjara Hills 500034, Jubilee Hills 500033, Gachibowli 500032, Madhapur 500081'),
  city('Visakhapatnam', 'Andhra Pradesh', 'south', 'MVP Colony 530017, Siripuram 530003'),
  city('Kochi', 'Kerala', 'south', 'Edappally 682024, Kakkanad 682030, Fort Kochi 682001'),
  city('Thiruvananthapuram', 'Kerala', 'south', 'Kowdiar 695003, Technopark 695581'),
  city('Mysuru', 'Karnataka', 'south', 'Gokulam 570002, Kuvempunagar 570023'),
];

export type Place = { city: City; area: string; pincode: string };

export function placeIn(cityOfPlace: City, random: Random): Place {
  const [area, pincode] = random.pick(cityOfPlace.areas);
  return { city: cityOfPlace, area, pincode };
}

const HOMES = [
  'Flat {n}, Shanti Apartments',
  'House No. {n}',
  'Flat {n}, Green Park Residency',
  'H. No. {n}/2',
  'Room {n}, Lakshmi Niwas',
  'Plot {n}',
  'Quarter {n}, Railway Colony',
];
const LANES = [
  'Gali No. 4',
  'Near Hanuman Mandir',
  'Main Road',
  '2nd Cross',
  'Opposite Government School',
  'Behind Bus Stand',
  'Station Road',
  'Near Metro Pillar 112',
];

export function homeAddress({ city: { name }, area, pincode }: Place, random: Random): string {
  return `${random.pick(HOMES).replace('{n}', String(random.int(1, 480)))}, ${random.pick(LANES)}, ${area}, ${name} - ${pincode}`;
}

export const mobile = (random: Random): string => `${random.int(6, 9)}${random.digits(9)}`;
