package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A GGUF model split into files, as by llama.cpp: {@code model-00001-of-00003.gguf} and so on. Each
 * part names its number, the number of parts and the number of all tensors; the first one has the
 * metadata of the model.
 */
final class GgufSplit {
  private static final String PREFIX = "split.";
  private static final String NUMBER = PREFIX + "no";
  private static final String COUNT = PREFIX + "count";
  private static final String TENSORS = PREFIX + "tensors.count";

  private GgufSplit() {}

  /** Opens the other parts of a file; closes all if one does not fit. */
  static List<GgufPart> join(GgufPart first) {
    List<GgufPart> parts = new ArrayList<>();
    return closedOnFailure(
        parts,
        () -> {
          parts.add(first);
          long count = first.whole(COUNT).orElse(1L);
          if (count > 1) {
            String base = base(first, count);
            for (long number = 1; number < count; number++) {
              parts.add(open(first.path().resolveSibling(base + suffix(number, count)), count));
            }
            check(parts);
          }
          return List.copyOf(parts);
        });
  }

  /** Opens all parts again, with the headers that were read before. */
  static List<GgufPart> reopen(List<GgufPart> opened) {
    List<GgufPart> parts = new ArrayList<>();
    return closedOnFailure(
        parts,
        () -> {
          opened.forEach(part -> parts.add(part.reopen()));
          return List.copyOf(parts);
        });
  }

  private static List<GgufPart> closedOnFailure(
      List<GgufPart> parts, Supplier<List<GgufPart>> opening) {
    try {
      return opening.get();
    } catch (RuntimeException | Error e) {
      parts.forEach(GgufPart::close);
      throw e;
    }
  }

  private static String suffix(long number, long count) {
    return "-%05d-of-%05d.gguf".formatted(number + 1, count);
  }

  /** Returns the common prefix of the parts' names, with which the first part's name must begin. */
  private static String base(GgufPart first, long count) {
    long number = first.whole(NUMBER).orElse(0L);
    String name = String.valueOf(first.path().getFileName());
    String suffix = suffix(number, count);
    if (!name.endsWith(suffix)) {
      throw new UserError(
          "%s is part %d of %d of a split model; expected a name that ends in %s"
              .formatted(first.path(), number + 1, count, suffix));
    }
    String base = name.substring(0, name.length() - suffix.length());
    if (number != 0) {
      throw new UserError(
          "%s is part %d of %d of a split model; give the first: %s"
              .formatted(
                  first.path(),
                  number + 1,
                  count,
                  first.path().resolveSibling(base + suffix(0, count))));
    }
    return base;
  }

  private static GgufPart open(Path path, long count) {
    if (!Files.exists(path)) {
      throw new UserError(path + ": there is no such file; the model has " + count + " parts");
    }
    return GgufPart.open(path);
  }

  private static void check(List<GgufPart> parts) {
    GgufPart first = parts.get(0);
    Map<String, Path> tensors = new HashMap<>();
    for (int i = 0; i < parts.size(); i++) {
      GgufPart part = parts.get(i);
      expect(part, NUMBER, i);
      expect(part, COUNT, parts.size());
      first.whole(TENSORS).ifPresent(total -> expect(part, TENSORS, total));
      for (String name : part.header().tensors().keySet()) {
        Path other = tensors.put(name, part.path());
        if (other != null) {
          throw new CorruptFile(part.path(), "tensor " + name + " is also in " + other);
        }
      }
    }
    long expected = first.whole(TENSORS).orElse((long) tensors.size());
    if (expected != tensors.size()) {
      throw new CorruptFile(
          first.path(),
          "%s: expected %d in all parts, found %d".formatted(TENSORS, expected, tensors.size()));
    }
  }

  private static void expect(GgufPart part, String key, long expected) {
    Optional<Long> found = part.whole(key);
    if (found.isEmpty() || found.get() != expected) {
      throw new CorruptFile(
          part.path(),
          "%s: expected %d, found %s; it is another part or another model's"
              .formatted(key, expected, found.map(String::valueOf).orElse("none")));
    }
  }

  /** Returns the metadata of the model, without the keys of the split. */
  static Map<String, GgufValue> metadata(List<GgufPart> parts) {
    Map<String, GgufValue> first = parts.get(0).header().metadata();
    if (parts.size() == 1) {
      return first;
    }
    Map<String, GgufValue> joined = new LinkedHashMap<>(first);
    joined.keySet().removeIf(key -> key.startsWith(PREFIX));
    return Collections.unmodifiableMap(joined);
  }
}
