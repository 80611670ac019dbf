package dev.lora4j.llm.constrain.schema;

import dev.lora4j.llm.constrain.grammar.ByteSwitch;
import dev.lora4j.llm.constrain.grammar.Choice;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Numbers between two bounds, written without an exponent. The digits are compared with those of
 * the bounds as they are read.
 */
final class NumberRange {
  private static final int MAX_INTEGER_DIGITS = 18;
  private static final BigDecimal LARGEST = BigDecimal.TEN.pow(MAX_INTEGER_DIGITS);
  private static final Bound ZERO = new Bound(BigDecimal.ZERO, true);

  private final GrammarBuilder builder;
  private final boolean integers;
  private final GrammarNode next;

  /** A bound, which itself may be excluded. */
  record Bound(BigDecimal value, boolean inclusive) {
    Bound negated() {
      return new Bound(value.negate(), inclusive);
    }

    /** The tighter of two lower bounds. */
    Bound atLeast(Bound other) {
      int order = value.compareTo(other.value);
      return order > 0 || (order == 0 && !inclusive) ? this : other;
    }

    /** The tighter of two upper bounds. */
    Bound atMost(Bound other) {
      return negated().atLeast(other.negated()).negated();
    }
  }

  NumberRange(GrammarBuilder builder, boolean integers, GrammarNode next) {
    this.builder = builder;
    this.integers = integers;
    this.next = next;
  }

  /** The numbers from a bound to another; without a bound, up to 18 digits before the point. */
  GrammarNode between(Optional<Bound> lower, Optional<Bound> upper) {
    Bound limit = new Bound(LARGEST, false);
    Bound least =
        whole(limit.negated().atLeast(lower.orElse(limit.negated())), RoundingMode.CEILING);
    Bound most = whole(limit.atMost(upper.orElse(limit)), RoundingMode.FLOOR);
    Bound belowZero = new Bound(BigDecimal.ZERO, false);
    return builder.choice(
        builder.literal("-", magnitude(most.negated().atLeast(belowZero), least.negated())),
        magnitude(ZERO.atLeast(least), most));
  }

  /** For integers, the next integer inside the bound. */
  private Bound whole(Bound bound, RoundingMode inwards) {
    if (!integers) {
      return bound;
    }
    BigDecimal rounded = bound.value().setScale(0, inwards);
    boolean excluded = !bound.inclusive() && rounded.compareTo(bound.value()) == 0;
    BigDecimal step = inwards == RoundingMode.CEILING ? BigDecimal.ONE : BigDecimal.ONE.negate();
    return new Bound(excluded ? rounded.add(step) : rounded, true);
  }

  private GrammarNode magnitude(Bound least, Bound most) {
    return least.value().compareTo(most.value()) > 0
        ? builder.choice()
        : new Magnitudes(new Digits(least), new Digits(most)).first();
  }

  /** The digits of a bound that is not negative, before and after the point. */
  private static final class Digits {
    private final String whole;
    private final String fraction;
    private final boolean inclusive;

    Digits(Bound bound) {
      String text = bound.value().stripTrailingZeros().toPlainString();
      int point = text.indexOf('.');
      whole = point < 0 ? text : text.substring(0, point);
      fraction = point < 0 ? "" : text.substring(point + 1);
      inclusive = bound.inclusive();
    }

    /** Compares a number's digits, of which some were compared before, with one more. */
    int compareWhole(int before, int place, int digit) {
      return before != 0 || place >= whole.length() ? before : digit - (whole.charAt(place) - '0');
    }

    /** Compares a number before the point, by its length and by its first digits. */
    int compareWhole(int length, int firstDigits) {
      return length != whole.length() ? length - whole.length() : firstDigits;
    }

    int fractionDigit(int place) {
      return place < fraction.length() ? fraction.charAt(place) - '0' : 0;
    }

    boolean isReachedAt(int place) {
      return place >= fraction.length();
    }
  }

  /** Numbers without a sign between two bounds. */
  private final class Magnitudes {
    private final Digits least;
    private final Digits most;
    private final int maxFraction;
    private final Map<Place, GrammarNode> known = new HashMap<>();

    /** How many digits were read, and how they compare with those of the bounds. */
    private record Place(boolean fraction, int digits, int toLeast, int toMost) {}

    Magnitudes(Digits least, Digits most) {
      this.least = least;
      this.most = most;
      int longest = Math.max(least.fraction.length(), most.fraction.length());
      maxFraction = Math.max(JsonLexicon.MAX_FRACTION_DIGITS, longest + 1);
    }

    GrammarNode first() {
      ByteSwitch reader = builder.byteSwitch();
      reader.on('0', afterWhole(compared(new Place(false, 0, 0, 0), 0)));
      for (int digit = 1; digit <= 9; digit++) {
        reader.on('0' + digit, whole(compared(new Place(false, 0, 0, 0), digit)));
      }
      return reader;
    }

    private Place compared(Place place, int digit) {
      return new Place(
          false,
          place.digits() + 1,
          Integer.signum(least.compareWhole(place.toLeast(), place.digits(), digit)),
          Integer.signum(most.compareWhole(place.toMost(), place.digits(), digit)));
    }

    private GrammarNode whole(Place place) {
      GrammarNode found = known.get(place);
      if (found != null) {
        return found;
      }
      Choice choice = builder.choice(afterWhole(place));
      known.put(place, choice);
      if (place.digits() < MAX_INTEGER_DIGITS) {
        ByteSwitch reader = builder.byteSwitch();
        for (int digit = 0; digit <= 9; digit++) {
          reader.on('0' + digit, whole(compared(place, digit)));
        }
        choice.or(reader);
      }
      return choice;
    }

    private GrammarNode afterWhole(Place place) {
      int toLeast = least.compareWhole(place.digits(), place.toLeast());
      int toMost = most.compareWhole(place.digits(), place.toMost());
      if (toLeast < 0 || toMost > 0) {
        return builder.choice();
      }
      Place start = new Place(true, 0, Integer.signum(toLeast), Integer.signum(toMost));
      Choice choice = builder.choice();
      if (canEnd(start)) {
        choice.or(next);
      }
      if (!integers) {
        choice.or(builder.literal(".", digit(start)));
      }
      return choice;
    }

    private boolean canEnd(Place place) {
      boolean above = place.toLeast() > 0 || (least.isReachedAt(place.digits()) && least.inclusive);
      boolean below = place.toMost() < 0 || !most.isReachedAt(place.digits()) || most.inclusive;
      return above && below;
    }

    private GrammarNode fraction(Place place) {
      GrammarNode found = known.get(place);
      if (found != null) {
        return found;
      }
      Choice choice = builder.choice();
      known.put(place, choice);
      if (canEnd(place)) {
        choice.or(next);
      }
      return place.digits() < maxFraction ? choice.or(digit(place)) : choice;
    }

    private GrammarNode digit(Place place) {
      ByteSwitch reader = builder.byteSwitch();
      for (int digit = 0; digit <= 9; digit++) {
        int toLeast = compared(place.toLeast(), digit, least.fractionDigit(place.digits()));
        int toMost = compared(place.toMost(), digit, most.fractionDigit(place.digits()));
        if (toLeast >= 0 && toMost <= 0) {
          reader.on('0' + digit, fraction(new Place(true, place.digits() + 1, toLeast, toMost)));
        }
      }
      return reader;
    }

    private static int compared(int before, int digit, int bound) {
      return before != 0 ? before : Integer.signum(digit - bound);
    }
  }
}
