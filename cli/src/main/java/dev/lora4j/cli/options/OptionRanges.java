package dev.lora4j.cli.options;

import java.lang.reflect.AnnotatedElement;
import java.math.BigInteger;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.TypeConversionException;

/** Refuses numeric options that are out of their {@link Range}, by the option's name. */
public final class OptionRanges {
  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d{1,1000}");

  private OptionRanges() {}

  // Classes instead of lambdas: the class archive of Java 17 can't hold a lambda of an interface in
  // picocli's old bytecode, and dumping it crashes.

  private static final class ToInt implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Math.toIntExact(whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }
  }

  private static final class ToLong implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
    }
  }

  private static final class ToDouble implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      try {
        return Double.parseDouble(text);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("expected a number, found '" + text + "'");
      }
    }
  }

  private static final class Checked implements IExecutionStrategy {
    @Override
    public int execute(ParseResult parsed) {
      check(parsed);
      return new RunLast().execute(parsed);
    }
  }

  /**
   * Registers the checks of a command: a value that is not a number is refused with a sentence, and
   * the ranges are checked before the command runs. A number that overflows its type is clamped.
   */
  public static CommandLine install(CommandLine command) {
    return command
        .registerConverter(Integer.class, new ToInt())
        .registerConverter(int.class, new ToInt())
        .registerConverter(Long.class, new ToLong())
        .registerConverter(long.class, new ToLong())
        .registerConverter(Double.class, new ToDouble())
        .registerConverter(double.class, new ToDouble())
        .setExecutionStrategy(new Checked());
  }

  private static long whole(String text, long min, long max) {
    if (!WHOLE.matcher(text).matches()) {
      throw new TypeConversionException("expected a whole number, found '" + text + "'");
    }
    return new BigInteger(text)
        .max(BigInteger.valueOf(min))
        .min(BigInteger.valueOf(max))
        .longValueExact();
  }

  /**
   * Checks the options that were given.
   *
   * @throws ParameterException naming the first option that is out of range
   */
  public static void check(ParseResult parsed) {
    for (OptionSpec option : parsed.matchedOptions()) {
      if (option.userObject() instanceof AnnotatedElement field
          && field.isAnnotationPresent(Range.class)) {
        String found = String.join(",", option.originalStringValues());
        problem(field.getAnnotation(Range.class), numbers(option.getValue()))
            .ifPresent(
                problem -> {
                  throw new ParameterException(
                      parsed.commandSpec().commandLine(),
                      "%s must be %s, found %s".formatted(option.longestName(), problem, found));
                });
      }
    }
    if (parsed.hasSubcommand()) {
      check(parsed.subcommand());
    }
  }

  private static List<Double> numbers(@Nullable Object value) {
    Stream<?> values =
        value instanceof Collection<?> several
            ? several.stream()
            : value instanceof Optional<?> optional ? optional.stream() : Stream.ofNullable(value);
    return values.map(number -> ((Number) number).doubleValue()).toList();
  }

  private static Optional<String> problem(Range range, List<Double> values) {
    return values.stream().flatMap(value -> problem(range, value).stream()).findFirst();
  }

  private static Optional<String> problem(Range range, double value) {
    if (!Double.isFinite(value)) {
      return Optional.of("a finite number");
    }
    if (value < range.from()) {
      return Optional.of("at least " + plain(range.from()));
    }
    if (value > range.to()) {
      return Optional.of("at most " + plain(range.to()));
    }
    if (value <= range.above()) {
      return Optional.of("above " + plain(range.above()));
    }
    return value >= range.below() ? Optional.of("below " + plain(range.below())) : Optional.empty();
  }

  private static String plain(double bound) {
    return String.format(Locale.ROOT, "%,.0f", bound);
  }
}
