package dev.lora4j.llm.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The metadata of a GGUF file, each value checked for its type when it is read. */
record Metadata(GgufFile gguf) {
  Path file() {
    return gguf.path();
  }

  boolean has(String key) {
    return gguf.metadata().containsKey(key);
  }

  private Optional<GgufValue> value(String key) {
    return Optional.ofNullable(gguf.metadata().get(key));
  }

  private <T extends GgufValue> Optional<T> value(String key, Class<T> type, String expected) {
    return value(key)
        .map(
            value -> {
              if (!type.isInstance(value)) {
                throw wrong(key, expected, value);
              }
              return type.cast(value);
            });
  }

  /** Returns a string; empty if the key is absent. */
  Optional<String> text(String key) {
    return value(key, GgufValue.Text.class, "a text").map(GgufValue.Text::text);
  }

  /** Returns a boolean; empty if the key is absent. */
  Optional<Boolean> flag(String key) {
    return value(key, GgufValue.Flag.class, "true or false").map(GgufValue.Flag::value);
  }

  /** Returns an integer of 0 or more; a list of equal ones, one for each layer, counts as one. */
  OptionalInt whole(String key) {
    GgufValue value = gguf.metadata().get(key);
    if (value == null) {
      return OptionalInt.empty();
    }
    if (value instanceof GgufValue.Items items && !items.values().isEmpty()) {
      if (items.values().stream().distinct().count() > 1) {
        throw new UserError(
            "%s: %s: layers of different sizes are not supported".formatted(file(), key));
      }
      value = items.values().get(0);
    }
    if (value instanceof GgufValue.Whole whole
        && whole.number() >= 0
        && whole.number() <= Integer.MAX_VALUE) {
      return OptionalInt.of((int) whole.number());
    }
    throw wrong(key, "a whole number from 0 to 2^31 - 1", value);
  }

  /** Returns a required positive integer. */
  int size(String key) {
    int size = whole(key).orElseThrow(() -> missing(key, "a whole number"));
    if (size < 1) {
      throw wrong(key, "a whole number, at least 1", size);
    }
    return size;
  }

  /** Returns a finite number; an F32 is converted by its shortest decimal form. */
  Optional<Double> number(String key) {
    GgufValue value = gguf.metadata().get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof GgufValue.Real real && Double.isFinite(real.number())) {
      boolean isShort = real.kind() == GgufKind.F32;
      return Optional.of(
          isShort ? Double.parseDouble(Float.toString((float) real.number())) : real.number());
    }
    if (value instanceof GgufValue.Whole whole) {
      return Optional.of((double) whole.number());
    }
    throw wrong(key, "a finite number", value);
  }

  /** Returns a list of strings; empty if the key is absent. */
  Optional<List<String>> texts(String key) {
    return items(key)
        .map(
            items ->
                items.stream()
                    .map(
                        item -> {
                          if (item instanceof GgufValue.Text text) {
                            return text.text();
                          }
                          throw wrong(key, "a list of texts", "one of " + item.kind());
                        })
                    .toList());
  }

  /** Returns a list of numbers; empty if the key is absent. */
  Optional<double[]> numbers(String key) {
    return items(key)
        .map(items -> items.stream().mapToDouble(item -> numberIn(key, item)).toArray());
  }

  private double numberIn(String key, GgufValue item) {
    if (item instanceof GgufValue.Real real) {
      return real.number();
    }
    if (item instanceof GgufValue.Whole whole) {
      return whole.number();
    }
    throw wrong(key, "a list of numbers", "one of " + item.kind());
  }

  private Optional<List<GgufValue>> items(String key) {
    return value(key, GgufValue.Items.class, "a list").map(GgufValue.Items::values);
  }

  CorruptFile missing(String key, String expected) {
    return new CorruptFile(file(), key + ": expected " + expected + ", found nothing");
  }

  CorruptFile wrong(String key, String expected, Object found) {
    return new CorruptFile(file(), key + ": expected " + expected + ", found " + found);
  }
}
