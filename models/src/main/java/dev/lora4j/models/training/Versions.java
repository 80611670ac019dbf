package dev.lora4j.models.training;

import dev.lora4j.nn.Engine;
import java.util.LinkedHashMap;
import java.util.Map;

/** Versions of everything that a run depends on. */
public final class Versions {
  /** The version of lora4j. */
  public static final String LORA4J = "0.1.0";

  private Versions() {}

  /** Versions by name. */
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
