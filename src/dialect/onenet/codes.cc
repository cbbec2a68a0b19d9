// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/codes.h"

#include <array>

#include "base/encoding.h"

namespace otaru::dialect::onenet {
namespace {

using domain::ProductType;

constexpr size_t kManufacturerDigits = 3;
constexpr size_t kModuleDigits = 5;

// In the order of the vendor document.
constexpr std::array<CodeRow, 63> kCodeTable{{
    {ProductType::software, "101", "乐鑫", "10101", "ESP32"},
    {ProductType::software, "102", "nordic", "10201", "nrf52832"},
    {ProductType::software, "103", "兆易", "10301", "GD32"},
    {ProductType::software, "100", "其他", "10001", "其他"},
    {ProductType::firmware, "001", "中国移动", "00101", "M5330-A"},
    {ProductType::firmware, "001", "中国移动", "00102", "M5330"},
    {ProductType::firmware, "001", "中国移动", "00103", "M5312"},
    {ProductType::firmware, "001", "中国移动", "00104", "M5313"},
    {ProductType::firmware, "001", "中国移动", "00105", "S5601"},
    {ProductType::firmware, "001", "中国移动", "00106", "M5310-A"},
    {ProductType::firmware, "001", "中国移动", "00107", "M5310"},
    {ProductType::firmware, "001", "中国移动", "00108", "M5311"},
    {ProductType::firmware, "001", "中国移动", "00109", "M5330-GNSS"},
    {ProductType::firmware, "001", "中国移动", "00110", "M5330-STD"},
    {ProductType::firmware, "002", "零零智能", "00201", "N256"},
    {ProductType::firmware, "003", "利尔达", "00301", "NB86-G"},
    {ProductType::firmware, "003", "利尔达", "00302", "NB08-01"},
    {ProductType::firmware, "004", "u-blox", "00401", "SARA-N200"},
    {ProductType::firmware, "005", "锐捷网络", "00501", "RG-NB6118"},
    {ProductType::firmware, "005", "锐捷网络", "00502", "RG-NB6210"},
    {ProductType::firmware, "006", "上海稳恒", "00601", "WH-NB71"},
    {ProductType::firmware, "006", "上海稳恒", "00602", "WH-NB73"},
    {ProductType::firmware, "007", "信位通讯", "00701", "SN12_B8"},
    {ProductType::firmware, "008", "中兴通讯", "00801", "ZM8300"},
    {ProductType::firmware, "008", "中兴通讯", "00802", "ZM8301"},
    {ProductType::firmware, "009", "有方科技", "00901", "N20"},
    {ProductType::firmware, "010", "普创天信", "01001", "T1"},
    {ProductType::firmware, "010", "普创天信", "01002", "T101"},
    {ProductType::firmware, "010", "普创天信", "01003", "T106"},
    {ProductType::firmware, "011", "桑锐电子", "01101", "NH01A"},
    {ProductType::firmware, "012", "芯讯通", "01201", "SIM7000C"},
    {ProductType::firmware, "012", "芯讯通", "01202", "SIM7000C-N"},
    {ProductType::firmware, "012", "芯讯通", "01203", "SIM7020C"},
    {ProductType::firmware, "012", "芯讯通", "01204", "SIM7030"},
    {ProductType::firmware, "013", "移柯通信", "01301", "L620"},
    {ProductType::firmware, "014", "移远通信", "01401", "BC28"},
    {ProductType::firmware, "014", "移远通信", "01402", "BC68"},
    {ProductType::firmware, "014", "移远通信", "01403", "BC35-G"},
    {ProductType::firmware, "014", "移远通信", "01404", "BC95-G"},
    {ProductType::firmware, "014", "移远通信", "01405", "BC26"},
    {ProductType::firmware, "014", "移远通信", "01406", "BC95-B8"},
    {ProductType::firmware, "015", "云程科技", "01501", "CFB-608-B8"},
    {ProductType::firmware, "015", "云程科技", "01502", "CFB-609"},
    {ProductType::firmware, "016", "骐俊物联", "01601", "ML5530"},
    {ProductType::firmware, "017", "广和通", "01701", "N700-CN"},
    {ProductType::firmware, "018", "东信和平", "01801", "NBM20"},
    {ProductType::firmware, "019", "吴通集团", "01901", "WT208"},
    {ProductType::firmware, "020", "高新兴物联", "02001", "ME3616"},
    {ProductType::firmware, "021", "新华三", "02101", "IM2209"},
    {ProductType::firmware, "022", "中科联合", "02201", "CT-M201"},
    {ProductType::firmware, "022", "中科联合", "02202", "CT-M202"},
    {ProductType::firmware, "023", "四川爱联", "02301", "AI-NB15"},
    {ProductType::firmware, "024", "九联科技", "02401", "UNB100-G"},
    {ProductType::firmware, "025", "朝歌科技", "02501", "S-ModNB00A"},
    {ProductType::firmware, "026", "小瑞科技", "02601", "N100"},
    {ProductType::firmware, "027", "中怡数宽", "02701", "TPB23"},
    {ProductType::firmware, "027", "中怡数宽", "02702", "TPB40-8"},
    {ProductType::firmware, "027", "中怡数宽", "02703", "TPB41"},
    {ProductType::firmware, "028", "光宝科技", "02801", "WNB301H"},
    {ProductType::firmware, "029", "欧智通", "02901", "3115F-R"},
    {ProductType::firmware, "030", "龙尚科技", "03001", "A9600-R2"},
    {ProductType::firmware, "031", "灵慧科技", "03101", "LT150"},
    {ProductType::firmware, "000", "其他", "00001", "其他"},
}};

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Equal but for blanks and ASCII case.
bool same_name(std::string_view written, std::string_view name) {
  size_t at = 0;
  for (const char c : written) {
    if (blank(c)) continue;
    if (at == name.size() || folded(c) != folded(name[at])) return false;
    ++at;
  }
  return at == name.size();
}

// "1" and "0001" as "001"; empty when the text is no decimal number of that width.
std::string padded_code(std::string_view text, size_t digits) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const size_t first = text.find_first_not_of('0');
  text = first == std::string_view::npos ? std::string_view{} : text.substr(first);
  if (text.size() > digits) return {};
  std::string out(digits - text.size(), '0');
  out += text;
  return out;
}

}  // namespace

std::span<const CodeRow> code_table() {
  return kCodeTable;
}

std::string manufacturer_code(ProductType type, std::string_view text) {
  text = base::trim(text);
  if (auto code = padded_code(text, kManufacturerDigits); !code.empty()) return code;
  const CodeRow* other = nullptr;
  for (const auto& row : kCodeTable) {
    if (!same_name(text, row.manufacturer_name)) continue;
    if (row.type == type) return std::string(row.manufacturer);
    if (other == nullptr) other = &row;
  }
  return std::string(other != nullptr ? other->manufacturer : text);
}

std::string module_code(ProductType type, std::string_view manufacturer_code,
                        std::string_view text) {
  text = base::trim(text);
  if (auto code = padded_code(text, kModuleDigits); !code.empty()) return code;
  const CodeRow* other = nullptr;
  for (const auto& row : kCodeTable) {
    if (!same_name(text, row.module_name)) continue;
    if (row.manufacturer == manufacturer_code) return std::string(row.module);
    if (other == nullptr || (other->type != type && row.type == type)) other = &row;
  }
  return std::string(other != nullptr ? other->module : text);
}

const CodeRow* find_code_row(std::string_view manufacturer_code, std::string_view module_code) {
  for (const auto& row : kCodeTable) {
    if (row.module == module_code && row.manufacturer == manufacturer_code) return &row;
  }
  return nullptr;
}

}  // namespace otaru::dialect::onenet
