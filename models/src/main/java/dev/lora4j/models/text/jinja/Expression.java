package dev.lora4j.models.text.jinja;

/** An expression, which evaluates to a value. */
@FunctionalInterface
interface Expression {
  Object in(Run run);
}
