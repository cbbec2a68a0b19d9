// SPDX-License-Identifier: Apache-2.0
#include "inspect/signature.h"

namespace otaru::inspect {

void add_signature(Findings& findings, const Cms& cms, Cms::Check check, std::string_view what,
                   const Evidence& evidence) {
  const std::string signed_thing(what);
  findings.add(FactName::signature, "CMS", evidence);
  std::string names;
  for (const auto& signer : cms.signers()) {
    findings.add(FactName::signer, signer, evidence);
    names += (names.empty() ? "" : "; ") + signer;
  }
  switch (check) {
    case Cms::Check::right:
      findings.info("signature-fits",
                    "The signature over " + signed_thing +
                        " is right for the certificate that comes with it (" + names +
                        "). Whether it is to be trusted, the devices' own keys decide.",
                    evidence);
      return;
    case Cms::Check::wrong:
      findings.problem("signature-wrong",
                       "The signature is not one over this " + signed_thing +
                           ": one of them was changed after signing.",
                       "Make and sign the file again.", evidence);
      return;
    case Cms::Check::no_certificate:
      findings.info("signature-unchecked",
                    "The signature over " + signed_thing +
                        " comes without its certificate and was not checked.",
                    evidence);
      return;
    case Cms::Check::not_read:
      findings.info("signature-unchecked",
                    "The signature over " + signed_thing + " was not checked: it is too large.",
                    evidence);
      return;
  }
}

}  // namespace otaru::inspect
