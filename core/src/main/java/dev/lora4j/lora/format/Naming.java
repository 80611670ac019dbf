package dev.lora4j.lora.format;

/**
 * The mapping from tensor names in a file to paths in a network: the prefix {@code stripped} is
 * replaced by {@code added}. Names without that prefix stay the same.
 *
 * @param stripped empty, or a prefix that ends with a dot
 * @param added empty, or a prefix that ends with a dot
 */
public record Naming(String stripped, String added) {
  private static final Naming AS_SAVED = new Naming("", "");

  /** Returns the mapping that keeps all names. */
  public static Naming asSaved() {
    return AS_SAVED;
  }

  /** Returns the path of a tensor or a module. */
  public String path(String name) {
    return name.startsWith(stripped) ? added + name.substring(stripped.length()) : name;
  }

  /** Returns the name in the file of a path: the reverse of {@link #path}. */
  String name(String path) {
    return path.startsWith(added) ? stripped + path.substring(added.length()) : path;
  }

  public boolean renames() {
    return !equals(AS_SAVED);
  }

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
