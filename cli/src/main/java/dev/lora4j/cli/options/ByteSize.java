package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes on the command line, such as {@code 500MB}, in powers of a thousand. */
public final class ByteSize {
  private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?) ?(B|KB|MB|GB|TB)?");
  private static final List<String> UNITS = List.of("B", "KB", "MB", "GB", "TB");

  private ByteSize() {}

  /** Returns the number of bytes: 5,000,000,000 for {@code 5GB}. */
  public static long parse(String size) {
    Matcher matcher = SIZE.matcher(size.strip().toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UserError(
          "'" + size + "' is not a size; expected a number and B, kB, MB, GB or TB, such as 500MB");
    }
    int power = matcher.group(2) == null ? 0 : UNITS.indexOf(matcher.group(2));
    return (long) (Double.parseDouble(matcher.group(1)) * Math.pow(1000, power));
  }
}
