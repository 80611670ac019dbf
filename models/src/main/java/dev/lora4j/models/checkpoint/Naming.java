package dev.lora4j.models.checkpoint;

/**
 * How a path in a network comes from a tensor's name in a file: the beginning {@code stripped} is
 * replaced by {@code added}. Names that don't begin so stay as they are.
 *
 * @param stripped empty, or a beginning that ends with a dot
 * @param added empty, or a beginning that ends with a dot
 */
public record Naming(String stripped, String added) {
  private static final Naming AS_SAVED = new Naming("", "");

  /** Paths are the names in the file. */
  public static Naming asSaved() {
    return AS_SAVED;
  }

  /** The path of a tensor or a module. */
  public String path(String name) {
    return name.startsWith(stripped) ? added + name.substring(stripped.length()) : name;
  }

  /** Whether anything is renamed. */
  public boolean renames() {
    return !equals(AS_SAVED);
  }

  /** What is renamed, in words. */
  public String describe() {
    if (stripped.isEmpty()) {
      return "the adapter's paths begin with '" + added + "', which the base's don't";
    }
    if (added.isEmpty()) {
      return "the base's paths begin with '" + stripped + "', which the adapter's don't";
    }
    return "the base's paths begin with '%s' where the adapter's begin with '%s'"
        .formatted(stripped, added);
  }
}
