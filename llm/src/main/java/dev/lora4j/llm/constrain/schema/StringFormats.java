package dev.lora4j.llm.constrain.schema;

import java.util.Map;

/** The formats of strings as regular expressions, in their common form. */
final class StringFormats {
  private static final String YEAR_MONTH_DAY =
      "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))"
          + "|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
  private static final String TIME =
      "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?"
          + "(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
  private static final String BYTE = "(?:\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])";
  private static final String GROUP = "[0-9a-fA-F]{1,4}";
  private static final String LABEL = "[a-zA-Z]{1,20}(?:-[a-zA-Z]{1,20}){0,2}";
  private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,3}";
  private static final String CLOCK =
      "T(?:\\d{1,6}H(?:\\d{1,6}M(?:\\d{1,6}S)?)?|\\d{1,6}M(?:\\d{1,6}S)?|\\d{1,6}S)";
  private static final String DAYS =
      "(?:\\d{1,6}Y(?:\\d{1,6}M(?:\\d{1,6}D)?)?|\\d{1,6}M(?:\\d{1,6}D)?|\\d{1,6}D)";

  static final Map<String, String> PATTERNS =
      Map.of(
          "date", whole(YEAR_MONTH_DAY),
          "time", whole(TIME),
          "date-time", whole(YEAR_MONTH_DAY + "T" + TIME),
          "duration", whole("P(?:" + DAYS + "(?:" + CLOCK + ")?|" + CLOCK + "|\\d{1,6}W)"),
          "uuid", whole("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
          "ipv4", whole(BYTE + "(?:\\." + BYTE + "){3}"),
          "ipv6", whole(GROUP + "(?::" + GROUP + "){7}"),
          "hostname", whole(HOST),
          "email",
              whole(
                  "[a-zA-Z0-9_+-]{1,20}(?:\\.[a-zA-Z0-9_+-]{1,20}){0,2}@"
                      + LABEL
                      + "(?:\\."
                      + LABEL
                      + "){0,2}\\.[a-z]{2,6}"),
          "uri",
              whole(
                  "https?://"
                      + HOST
                      + "(?::[1-9]\\d{0,3})?(?:/[a-zA-Z0-9._~=+-]*)*"
                      + "(?:\\?[a-zA-Z0-9._~=&+-]*)?(?:#[a-zA-Z0-9._~=+-]*)?"));

  private StringFormats() {}

  private static String whole(String pattern) {
    return "^" + pattern + "$";
  }
}
