package dev.lora4j.llm.jinja.value;

/** A callable value: a function, a method of a value, or a macro. */
@FunctionalInterface
public interface Callable {
  Object call(RenderState run, Arguments arguments);
}
