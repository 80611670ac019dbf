package dev.lora4j.vision;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The sorted images of a file tree, by split and class. The layout is {@code
 * {train,test}/{class}/{image}}, at the root or below a single folder of any name.
 */
record FolderLayout(List<String> classes, List<Item> train, List<Item> test) {
  private static final String EXPECTED = "{train,test}/{class}/*.jpg, .jpeg or .png";
  private static final int SHOWN = 5;

  /** One image: its name in the tree and its class index. */
  record Item(String name, int label) {}

  /** A file, or a class folder if the name ends with a slash. */
  private record Entry(String prefix, String split, String group, String name) {

    boolean isFolder() {
      return name.endsWith("/");
    }
  }

  static FolderLayout of(Path root, List<String> names) {
    List<Entry> entries = new ArrayList<>();
    for (String name : names) {
      String[] parts = name.split("/", -1);
      int last = parts.length - 1;
      if (last >= 2
          && (parts[last].isEmpty() || isImage(parts[last]))
          && parts[last - 2].matches("train|test")) {
        String prefix = String.join("/", List.of(parts).subList(0, last - 2));
        entries.add(new Entry(prefix, parts[last - 2], parts[last - 1], name));
      }
    }
    String prefix =
        entries.stream()
            .filter(entry -> !entry.isFolder())
            .map(Entry::prefix)
            .filter(p -> !p.startsWith("__MACOSX"))
            .min(Comparator.comparingInt(String::length).thenComparing(p -> p))
            .orElseThrow(() -> unexpected(root, names));
    entries.removeIf(entry -> !entry.prefix().equals(prefix));
    return sorted(root, entries);
  }

  private static FolderLayout sorted(Path root, List<Entry> entries) {
    Map<String, Set<String>> classesOf = new TreeMap<>();
    classesOf.put("train", new TreeSet<>());
    classesOf.put("test", new TreeSet<>());
    Set<String> all = new TreeSet<>();
    for (Entry entry : entries) {
      if (!entry.isFolder()) {
        classesOf.getOrDefault(entry.split(), all).add(entry.group());
      }
      all.add(entry.group());
    }
    classesOf.forEach((split, present) -> checkComplete(root, split, present, all));
    List<String> classes = List.copyOf(all);
    return new FolderLayout(
        classes, items(entries, "train", classes), items(entries, "test", classes));
  }

  /**
   * Returns this layout with the labels of other classes: each folder has the index of its name.
   *
   * @throws UserError if a folder is none of them
   */
  FolderLayout labeledBy(Path root, List<String> names) {
    for (String folder : classes) {
      if (!names.contains(folder)) {
        throw new UserError(
            "%s: the folder %s is none of the %d classes%s"
                .formatted(root, folder, names.size(), NearMiss.hint(folder, names)));
      }
    }
    return new FolderLayout(names, relabeled(train, names), relabeled(test, names));
  }

  private List<Item> relabeled(List<Item> items, List<String> names) {
    return items.stream()
        .map(item -> new Item(item.name(), names.indexOf(classes.get(item.label()))))
        .toList();
  }

  private static void checkComplete(Path root, String split, Set<String> present, Set<String> all) {
    if (present.isEmpty()) {
      throw new UserError("no images in " + split + "/ of " + root + "; expected " + EXPECTED);
    }
    for (String name : all) {
      if (!present.contains(name)) {
        throw new UserError(
            "class "
                + name
                + " has no image in "
                + split
                + "/ of "
                + root
                + "; add some or remove the class");
      }
    }
  }

  private static List<Item> items(List<Entry> entries, String split, List<String> classes) {
    return entries.stream()
        .filter(entry -> entry.split().equals(split) && !entry.isFolder())
        .sorted(Comparator.comparing(Entry::group).thenComparing(Entry::name))
        .map(entry -> new Item(entry.name(), classes.indexOf(entry.group())))
        .toList();
  }

  private static boolean isImage(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return !lower.startsWith(".")
        && (lower.endsWith(".jpg") || lower.endsWith(".jpeg") || lower.endsWith(".png"));
  }

  private static UserError unexpected(Path root, List<String> names) {
    List<String> tops = names.stream().map(n -> n.split("/", 2)[0]).distinct().sorted().toList();
    String found =
        tops.isEmpty()
            ? "nothing"
            : String.join(", ", tops.subList(0, Math.min(SHOWN, tops.size())))
                + (tops.size() > SHOWN ? ", …" : "");
    return new UserError("expected " + EXPECTED + " in " + root + ", found " + found);
  }
}
