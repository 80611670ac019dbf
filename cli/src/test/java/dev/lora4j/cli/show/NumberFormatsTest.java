package dev.lora4j.cli.show;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Under a locale that writes 1.234,5 and has digits of its own. */
class NumberFormatsTest {
  private final Locale original = Locale.getDefault();

  @BeforeEach
  void setLocale() {
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
  }

  @AfterEach
  void resetLocale() {
    Locale.setDefault(original);
  }

  @Test
  void countHasThousandsSeparators() {
    assertThat(NumberFormats.count(78_110)).isEqualTo("78,110");
  }

  @ParameterizedTest
  @CsvSource({"0.412, 41.2 %", "1, 100.0 %", "0, 0.0 %", "NaN, –"})
  void percentHasOneDecimal(double share, String text) {
    assertThat(NumberFormats.percent(share)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0.412, 0.629, +21.7 points",
    "0.554, 0.262, −29.2 points",
    "0.5, 0.50001, ±0.0 points",
    "0.5, 0.49999, ±0.0 points",
    "NaN, 0.5, –"
  })
  void changeHasASign(double before, double after, String text) {
    assertThat(NumberFormats.points(before, after)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 bytes",
    "999, 999 bytes",
    "14236, 14.2 kB",
    "999949, 999.9 kB",
    "999950, 1.0 MB",
    "170498071, 170.5 MB",
    "9000000000000000, 9000.0 TB"
  })
  void bytesAreInPowersOfAThousand(long bytes, String text) {
    assertThat(NumberFormats.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"1641.4, '1,641'", "99.96, 100.0", "8.25, 8.3", "0.254, 0.25"})
  void lowRateHasDecimals(double rate, String text) {
    assertThat(NumberFormats.rate(rate)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 s",
    "12400, 12 s",
    "59499, 59 s",
    "59500, 1 m 00 s",
    "65000, 1 m 05 s",
    "3599700, 1 h 00 m",
    "7620000, 2 h 07 m"
  })
  void timeIsRoundedToSeconds(long millis, String text) {
    assertThat(NumberFormats.time(Duration.ofMillis(millis))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"8449, 8.4 s", "59949, 59.9 s", "59950, 1 m 00 s"})
  void exactTimeHasTenthsBelowAMinute(long millis, String text) {
    assertThat(NumberFormats.exactTime(Duration.ofMillis(millis))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0.0001, 0.0001", "4, 4", "1e-7, 0.0000001", "100, 100"})
  void plainHasNoExponent(double value, String text) {
    assertThat(NumberFormats.plain(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "1.91e-6, 1.9e-6",
    "0, 0",
    "2.5e-12, 2.5e-12",
    "9.99e-4, 1.0e-3",
    "0.25, 0.25",
    "3.14159, 3.142"
  })
  void tinyHasOneDecimalAndAnExponent(double value, String text) {
    assertThat(NumberFormats.tiny(value)).isEqualTo(text);
  }
}
