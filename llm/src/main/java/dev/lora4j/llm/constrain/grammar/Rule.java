package dev.lora4j.llm.constrain.grammar;

/** A named part of a grammar that can be called from several places, its own body included. */
public final class Rule {
  private GrammarNode body;

  /**
   * @param undefined the body until {@link #define} sets it
   */
  Rule(GrammarNode undefined) {
    body = undefined;
  }

  /** Sets the body. */
  public Rule define(GrammarNode body) {
    this.body = body;
    return this;
  }

  GrammarNode body() {
    return body;
  }
}
