package dev.lora4j.llm.recipe;

import dev.lora4j.nn.runtime.Engine;
import java.util.LinkedHashMap;
import java.util.Map;

/** The versions of lora4j and of its environment. */
public final class Versions {
  /** The version of lora4j. */
  public static final String LORA4J = "0.1.0";

  private Versions() {}

  /** Returns the versions by name. */
  public static Map<String, String> all() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("lora4j", LORA4J);
    versions.put("libtorch", Engine.version());
    versions.put("Java", System.getProperty("java.version", "unknown"));
    versions.put(
        "system", System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""));
    return versions;
  }
}
