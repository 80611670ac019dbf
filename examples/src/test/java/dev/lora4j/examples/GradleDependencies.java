package dev.lora4j.examples;

import groovy.lang.Closure;
import groovy.lang.Script;
import java.util.ArrayList;
import java.util.List;

/** The part of Gradle's language that a {@code dependencies} block uses; it notes coordinates. */
public abstract class GradleDependencies extends Script {
  private final List<String> platforms = new ArrayList<>();
  private final List<String> modules = new ArrayList<>();

  List<String> platforms() {
    return platforms;
  }

  List<String> modules() {
    return modules;
  }

  public void dependencies(Closure<?> block) {
    block.setDelegate(this);
    block.call();
  }

  public Object platform(String coordinates) {
    platforms.add(coordinates);
    return platforms;
  }

  public void implementation(Object notation) {
    if (notation != platforms) {
      modules.add((String) notation);
    }
  }

  public void runtimeOnly(String coordinates) {
    modules.add(coordinates);
  }
}
