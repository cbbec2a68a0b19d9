// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 7515 A.2 (RS256) and A.3 (ES256): keys, signing input and signatures as
// printed there.
#include "base/signature.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace otaru::base {
namespace {

std::string decoded(std::string_view text) {
  return unbase64url(text).value_or("");
}

constexpr std::string_view kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
    "lfQ";

TEST(Signature, Rs256OfTheStandard) {
  const std::string n = decoded(
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
      "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
      "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
      "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");
  const std::string e = decoded("AQAB");
  const std::string data = "eyJhbGciOiJSUzI1NiJ9." + std::string(kPayload);
  std::string signature = decoded(
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
      "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
      "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
      "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
  EXPECT_TRUE(verify_rs256(n, e, data, signature));
  EXPECT_FALSE(verify_rs256(n, e, data + "x", signature));
  EXPECT_FALSE(verify_rs256(n.substr(0, 128), e, data, signature));  // a short key
  EXPECT_FALSE(verify_rs256(n, "", data, signature));
  EXPECT_FALSE(verify_rs256("", "", "", ""));
  signature[10] = static_cast<char>(signature[10] ^ 1);
  EXPECT_FALSE(verify_rs256(n, e, data, signature));
}

TEST(Signature, Es256OfTheStandard) {
  const std::string x = decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  const std::string y = decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  const std::string data = "eyJhbGciOiJFUzI1NiJ9." + std::string(kPayload);
  std::string signature = decoded(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(verify_es256(x, y, data, signature));
  EXPECT_FALSE(verify_es256(x, y, data + "x", signature));
  EXPECT_FALSE(verify_es256(x, x, data, signature));  // not on the curve
  EXPECT_FALSE(verify_es256(x, y, data, signature.substr(1)));
  EXPECT_FALSE(verify_es256(x, y, data, std::string(64, '\0')));
  signature[40] = static_cast<char>(signature[40] ^ 1);
  EXPECT_FALSE(verify_es256(x, y, data, signature));
}

}  // namespace
}  // namespace otaru::base
