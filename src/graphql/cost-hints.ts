// What fields cost, where the schema does not show it. The rules that need no hint are in limits/field-costs.ts.

export type CostHint = {
  /** What the field costs by itself each time that it is resolved: in place of what its type would make it cost. */
  weight?: number;
  /** For a list: how many objects it is assumed to have. Default 10. More that come are not charged for. */
  size?: number;
  /** For a list: the argument that says how many objects it has, or names them; `input.ids` for a member of an input object. */
  multiplier?: string;
  /** The most that the multiplier may say: the field refuses more. Default: any number. */
  max?: number;
};

/** The `extensions` of a field that costs more, or less, than its type shows. Weights in quarters are summed exactly. */
export const costs = (hint: CostHint) => ({ cost: hint });

type Extended = { extensions: Readonly<Record<string, unknown>> };
export const costHintOf = ({ extensions }: Extended): CostHint => (extensions.cost as CostHint | undefined) ?? {};
