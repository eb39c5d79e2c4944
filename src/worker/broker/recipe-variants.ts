/** A recipe as the cost table numbers it: whole, or without its enhancer. */
export interface RecipeVariant {
  /** Place of the recipe in the settings. */
  readonly recipe: number;
  readonly enhanced: boolean;
}

/**
 * The cost table's numbers: those of the recipes by their place, each with all its networks, and behind them those of recipes with an
 * enhancer, without it. What a variant takes is measured apart, and frames of two variants never share a batch.
 */
export function variantsOf(recipes: readonly { readonly enhancer?: unknown }[]): readonly RecipeVariant[] {
  const whole = recipes.map(({ enhancer }, recipe) => ({ recipe, enhanced: enhancer !== undefined }));
  return [...whole, ...whole.filter(({ enhanced }) => enhanced).map(({ recipe }) => ({ recipe, enhanced: false }))];
}

/** The number of a recipe's variant without enhancer: its own where it has none. */
export function plainNumber(variants: readonly RecipeVariant[], recipe: number): number {
  return variants.findIndex((variant) => variant.recipe === recipe && !variant.enhanced);
}
