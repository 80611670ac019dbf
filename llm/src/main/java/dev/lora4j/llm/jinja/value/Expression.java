package dev.lora4j.llm.jinja.value;

/** An expression, which evaluates to a value. */
@FunctionalInterface
public interface Expression {
  Object in(RenderState run);
}
