// First names and family names as they go together in a part of India.

import type { Random } from './random.ts';

export type Region = keyof typeof NAMES;
export type Person = { firstName: string; lastName: string };

const list = (text: string): readonly string[] => text.split(' ');

const NAMES = {
  north: {
    women: list('Priya Neha Pooja Anjali Kavita Sunita Ritu Shweta Nisha Jyoti Swati Rekha Aarti Megha Khushi Simran Tanya Ishita'),
    men: list('Rahul Amit Vikas Sanjay Rohit Deepak Manish Ankit Rajesh Sandeep Vivek Nitin Gaurav Mohit Saurabh Tarun Abhishek Naveen'),
    families: list(
      'Sharma Verma Gupta Singh Yadav Mishra Tiwari Agarwal Srivastava Chauhan Saxena Tyagi Bhatt Rawat Negi Pandey Thakur Malik',
    ),
  },
  punjab: {
    women: list('Harpreet Manpreet Gurleen Jasleen Navneet Amandeep Kiran Parminder Sukhpreet Rupinder Mandeep Jaspreet'),
    men: list('Gurpreet Harjit Jaswinder Kuldeep Balwinder Manjeet Sukhdev Ranjit Arshdeep Lovepreet Karanvir Inderjit'),
    families: list('Kaur Singh Gill Sandhu Sidhu Dhillon Grewal Brar Bajwa Bedi Arora Khanna Kapoor Chopra Malhotra Ahluwalia'),
  },
  west: {
    women: list('Snehal Vaishali Manisha Rupali Komal Hetal Bhavna Dipti Urvi Mrunal Ashwini Sayali Krupa Jinal Tejal Archana'),
    men: list('Sachin Mahesh Ganesh Prashant Nilesh Hardik Jignesh Chirag Omkar Swapnil Parth Kunal Dhaval Yash Tushar Ketan'),
    families: list(
      'Patil Deshmukh Kulkarni Joshi Pawar Jadhav Shinde More Patel Shah Mehta Desai Trivedi Solanki Parmar Bhosale Gaikwad Naik',
    ),
  },
  east: {
    women: list('Moumita Sharmistha Debjani Rituparna Ananya Sutapa Paromita Mitali Sanchita Barsha Lipika Subhasmita'),
    men: list('Sourav Abhijit Subrata Arindam Debasish Prosenjit Tapan Biswajit Anirban Soumen Pratyush Rakesh'),
    families: list('Banerjee Mukherjee Chatterjee Ghosh Das Dutta Sen Bose Roy Saha Mondal Mohanty Sahoo Behera Nayak Pradhan'),
  },
  northeast: {
    women: list(
      'Lalrinpuii Zothanpuii Lalhmingmawii Vanlalruati Abeni Imkong Nengneihkim Hoikim Banri Ibanri Junmoni Dipanjali Rebecca Esther Mary Grace',
    ),
    men: list('Lalthanzuala Malsawma Zodinsanga Temjen Moanungsang Lunminthang Bikash Pranjal Hemanta Samuel Joseph David'),
    families: list(
      'Hmar Ralte Sailo Pachuau Ao Lotha Angami Haokip Kipgen Singson Kharkongor Lyngdoh Gogoi Saikia Bora Thapa Gurung Tamang',
    ),
  },
  south: {
    women: list(
      'Lakshmi Divya Meena Kavitha Revathi Deepika Anitha Sowmya Padma Saranya Vidya Bhavani Sreeja Athira Gayathri Nandini Harini Swetha',
    ),
    men: list(
      'Karthik Suresh Ramesh Venkatesh Prakash Arun Vignesh Manoj Srinivas Naveen Ajith Vishnu Harish Murali Anand Prasad Kiran Santhosh',
    ),
    families: list(
      'Iyer Nair Menon Pillai Reddy Rao Naidu Gowda Shetty Hegde Krishnan Subramanian Murugan Raman Varma Kurup Chandran Bhat',
    ),
  },
} as const;

const REGIONS = Object.keys(NAMES) as Region[];

/** Somebody who works or lives in a city of the region: mostly from there, otherwise from anywhere. `women` of every hundred. */
export function personIn(region: Region, random: Random, women = 50): Person {
  const names = NAMES[random.chance(0.6) ? region : random.pick(REGIONS)];
  const firstName = random.chance(women / 100) ? random.pick(names.women) : random.pick(names.men);
  return { firstName, lastName: random.pick(names.families) };
}

export const fullName = (person: Person): string => `${person.firstName} ${person.lastName}`;
